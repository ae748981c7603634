const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
if (!data) { $('verdict').textContent = 'This report has no data.'; return; }
const rows = data.rows, rowCount = rows.position.length;
const details = new Map(data.details.map(detail => [detail[0], detail]));
const place = path => path.replace(/\[[0-9]*\]/g, '[]');
const state = { kind: 'all', fn: '', query: '', order: 'position', place: null, range: null };
/** Parts that follow the state: each is a function without arguments. */
const followers = [];
const changed = () => followers.forEach(follow => follow());

/** An element; its children are elements or texts, which become text nodes. */
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') node.addEventListener(key, value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}
/** An empty element whose --to is a share from 0 to 1. */
function bar(name, to) {
  const node = el('i', { class: name });
  node.style.setProperty('--to', `${(100 * to).toFixed(2)}%`);
  return node;
}

const number = new Intl.NumberFormat('en-GB');
const count = value => number.format(value);
const counted = (value, word) => `${count(value)} ${word}${value === 1 ? '' : 's'}`;
const significant = value => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
function duration(microseconds) {
  if (microseconds < 1000) return `${microseconds} µs`;
  if (microseconds < 1e6) return `${significant(microseconds / 1e3)} ms`;
  if (microseconds < 6e8) return `${significant(microseconds / 1e6)} s`;
  return `${count(Math.round(microseconds / 6e7))} min`;
}
const pad = (value, length = 2) => String(value).padStart(length, '0');
/** UTC; `step` in milliseconds decides how exact. */
function clock(milliseconds, step = 1) {
  const date = new Date(milliseconds);
  if (isNaN(date)) return '–';
  const minutes = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  if (step >= 86400000) return day(milliseconds);
  if (step >= 60000) return minutes;
  const seconds = `${minutes}:${pad(date.getUTCSeconds())}`;
  return step >= 1000 ? seconds : `${seconds}.${pad(date.getUTCMilliseconds(), 3)}`;
}
function day(milliseconds) {
  const date = new Date(milliseconds);
  return isNaN(date) ? '–' : date.toISOString().slice(0, 10);
}
const at = row => data.first + rows.at[row];
const fn = row => data.functions[rows.function[row]].name;
const trigger = row => data.triggers[rows.trigger[row]];
const kind = row => details.has(row) ? 'different' : rows.status[row] >= 400 ? 'refused' : 'identical';
let span = [Infinity, -Infinity];
for (const time of rows.at) span = [Math.min(span[0], time), Math.max(span[1], time)];
if (!rowCount) span = [0, 0];

function header() {
  const { replayed, different, refused } = data.counts;
  const identical = replayed - different - refused;
  document.body.classList.toggle('has-differences', different > 0);
  const verdict = $('verdict');
  verdict.textContent = '';
  if (!replayed) verdict.append('Nothing was replayed.');
  else if (!different) {
    verdict.append(el('span', { class: 'good' }, replayed === 1 ? 'One invocation' : `All ${count(replayed)}`),
      replayed === 1 ? ' gave just what was recorded.' : ' invocations gave just what was recorded.');
  } else {
    verdict.append(el('em', {}, count(different)), ` of ${counted(replayed, 'invocation')} gave something `
      + 'else than was recorded.');
  }
  const kinds = [['identical', identical, 'identical'], ['refused', refused, 'identical, refused or failed'],
    ['different', different, 'different']];
  for (const [name, value, label] of kinds) {
    const share = el('i', { class: `${name}-fill` });
    share.style.flexGrow = value;
    if (value) $('ratio').append(share);
    $('legend').append(el('li', {}, el('i', { class: `${name}-fill` }), el('span', {},
      el('b', {}, count(value)), ` ${label}`)));
  }
  const facts = [['Began', `${day(data.startedAt)} ${clock(data.startedAt, 1000)} UTC`],
    ['Program', data.program]];
  if (rowCount) {
    facts.unshift(['Recorded', `${day(data.first)} ${clock(data.first, 1000)} UTC`],
      ['Span', duration((span[1] - span[0]) * 1000)]);
  }
  facts.push(['Functions', count(data.functions.length)]);
  for (const [term, text] of facts) $('facts').append(el('div', {}, el('dt', {}, term), el('dd', {}, text)));
}

function remarks() {
  const all = [...data.remarks];
  if (rowCount < data.counts.replayed) {
    all.push(`The timeline and the list show ${count(rowCount)} of ${count(data.counts.replayed)} invocations; `
      + 'the figures are of all.');
  }
  $('remarks').hidden = !all.length;
  $('remarks').querySelector('ul').append(...all.map(text => el('li', {}, text)));
}

/** Durations as bars on one logarithmic scale, over whole powers of ten. */
function functions() {
  const values = data.functions.flatMap(each => [...each.recorded, ...each.replayed]).filter(value => value > 0);
  if (!values.length) values.push(1, 10);
  const least = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const most = Math.max(Math.ceil(Math.log10(Math.max(...values)) - 1e-9), least + 1);
  const share = value => Math.max(.006, Math.min(1, (Math.log10(Math.max(value, 1e-3)) - least) / (most - least)));
  const stride = Math.ceil((most - least) / 5);
  for (let power = least; power <= most; power += stride) {
    const tick = bar(power === most ? 'end' : '', (power - least) / (most - least));
    tick.textContent = duration(10 ** power).replace(/\.0+ /, ' ');
    $('scale').append(tick);
  }
  const track = (name, [p50, p95, max]) => el('span', { class: `track ${name}` },
    bar('p95', share(p95)), bar('p50', share(p50)), bar('max', share(max)));
  const cell = (each, index) => el('td', { class: 'number two' },
    el('span', { class: 'was' }, duration(each.recorded[index])), el('span', {}, duration(each.replayed[index])));
  const order = data.functions.map((each, index) => index)
    .sort((a, b) => data.functions[b].counts.replayed - data.functions[a].counts.replayed);
  for (const index of order) {
    const each = data.functions[index], different = each.counts.different;
    $('functions').tBodies[0].append(el('tr', {},
      el('th', { scope: 'row' }, el('button', { type: 'button', class: 'link', title: 'Filter the list',
        click: () => show({ fn: String(index), kind: 'all', place: null }) }, each.name)),
      el('td', { class: 'number' }, count(each.counts.replayed)),
      el('td', { class: 'number' }, different
        ? el('button', { type: 'button', class: 'link some', title: 'Show what differs',
            click: () => show({ fn: String(index), kind: 'different', place: null }) }, count(different))
        : el('span', { class: 'none' }, '0')),
      el('td', { class: 'bars', 'aria-hidden': 'true' }, track('was', each.recorded), track('is', each.replayed)),
      el('td', { class: 'two' }, el('span', { class: 'was' }, 'recorded'), el('span', {}, 'replayed')),
      cell(each, 0), cell(each, 1), cell(each, 2)));
  }
}

function places() {
  if (!data.places.length) return;
  $('places').hidden = false;
  $('places-hint').textContent = 'Fields by the number of invocations in which they differ'
    + (data.placeCount > data.places.length ? `, ${data.places.length} of ${count(data.placeCount)}` : '')
    + '. A field filters the list below.';
  const most = data.places[0].count;
  const items = data.places.map(each => {
    const name = data.functions[each.function].name;
    const button = el('button', { type: 'button', click: () => show({ fn: String(each.function),
      kind: 'different', place: each.path }) },
      el('span', { class: 'mono' }, each.path || '(all)'), el('span', { class: 'fn' }, name),
      el('b', {}, count(each.count)));
    button.style.setProperty('--to', `${(100 * each.count / most).toFixed(2)}%`);
    return el('li', {}, button);
  });
  const shown = 8;
  $('place-list').append(...items.slice(0, shown));
  if (items.length > shown) {
    const more = el('button', { type: 'button', click: () => {
      more.parentNode.replaceWith(...items.slice(shown));
      items[shown].firstChild.focus();
    } }, el('span', {}, `${items.length - shown} more`));
    $('place-list').append(el('li', {}, more));
  }
}

/** Filters the list and goes there. */
function show(filter) {
  Object.assign(state, { query: '', range: null }, filter);
  changed();
  $('list-heading').focus({ preventScroll: true });
  $('list-heading').scrollIntoView({ block: 'start' });
}

$('main').hidden = false;
for (const section of document.querySelectorAll('.of-some')) section.hidden = !rowCount;
header();
remarks();
functions();
places();
