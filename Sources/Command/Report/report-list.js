const list = $('list'), portion = 100;
let order = [];
/** Which part of `order` stands in the document. */
let drawn = [0, 0];
let current = -1;

const haystacks = new Map();
function haystack(row) {
  let text = haystacks.get(row);
  if (text === undefined) {
    const detail = details.get(row) || [], parts = [rows.id[row], fn(row), trigger(row), rows.status[row],
      `#${rows.position[row]}`];
    for (let index = 2; index < detail.length; index += 3) {
      parts.push(data.paths[detail[index]], data.texts[detail[index + 1]] ?? '',
        data.texts[detail[index + 2]] ?? '');
    }
    text = parts.join('\n').toLowerCase();
    haystacks.set(row, text);
  }
  return text;
}
function isAtPlace(row) {
  const detail = details.get(row) || [];
  for (let index = 2; index < detail.length; index += 3) {
    if (place(data.paths[detail[index]]) === state.place) return true;
  }
  return false;
}

function filter() {
  const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
  order = [];
  for (let row = 0; row < rowCount; row++) {
    if (state.kind !== 'all' && kind(row) !== state.kind) continue;
    if (state.fn !== '' && rows.function[row] !== Number(state.fn)) continue;
    if (state.range && (rows.at[row] < state.range[0] || rows.at[row] > state.range[1])) continue;
    if (state.place !== null && !isAtPlace(row)) continue;
    if (words.length && !words.every(word => haystack(row).includes(word))) continue;
    order.push(row);
  }
  const keys = { differences: row => (details.get(row) || [0, 0])[1], slowest: row => rows.replayed[row],
    slowed: row => rows.replayed[row] - rows.recorded[row] };
  const key = keys[state.order];
  if (key) order.sort((a, b) => key(b) - key(a) || a - b);
}

function item(row) {
  const detail = details.get(row), name = kind(row);
  const outcome = detail ? counted(detail[1], 'difference') : 'identical';
  const node = el('details', { toggle: () => { if (node.open && !node.querySelector('.body')) fill(row, node); } },
    el('summary', {},
      el('span', { class: 'position' }, String(rows.position[row])),
      el('span', { class: 'clock' }, clock(at(row))),
      el('span', { class: 'what' }, fn(row), el('span', { class: 'trigger' }, trigger(row))),
      el('span', { class: 'status' }, String(rows.status[row])),
      el('span', { class: 'took' }, duration(rows.recorded[row]), ' → ',
        el('b', {}, duration(rows.replayed[row]))),
      el('span', { class: 'outcome' }, outcome)));
  return el('li', { class: name, id: `n${rows.position[row]}` }, node);
}

function fill(row, node) {
  const detail = details.get(row), id = rows.id[row];
  const facts = [['Id', el('span', { class: 'mono' }, id)], ['Recorded at', `${day(at(row))} ${clock(at(row))} UTC`],
    ['Alone', el('code', {}, `gestaloka replay ${shell(data.title)} --only ${shell(id)}`)]];
  const body = el('div', { class: 'body' },
    el('dl', {}, ...facts.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)))));
  if (detail) {
    for (let index = 2; index < detail.length; index += 3) {
      body.append(difference(data.paths[detail[index]], data.texts[detail[index + 1]],
        data.texts[detail[index + 2]]));
    }
    const left = detail[1] - (detail.length - 2) / 3;
    if (left > 0) {
      body.append(el('p', { class: 'left-out' }, `${counted(left, 'difference')} `
        + `${detail.length > 2 ? 'more ' : ''}left out of this page; the command above prints all.`));
    }
  } else body.append(el('p', { class: 'left-out' }, 'The replay gave just what was recorded.'));
  node.append(body);
}
const shell = text => /^[\w.,:@%+=\/-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;

function difference(path, recorded, replayed) {
  const [was, is] = marked(recorded, replayed);
  const side = (name, title, parts) => el('div', { class: `side ${name}` }, el('h4', {}, title),
    parts ? el('pre', {}, ...parts) : el('em', {}, 'not there'));
  return el('div', { class: 'difference' }, el('h3', {}, path || '(all)'),
    el('div', { class: 'sides' }, side('was', 'Recorded', was), side('is', 'Replayed', is)));
}

/** Both texts as parts, those within `mark` that the other does not have. */
function marked(recorded, replayed) {
  const texts = [recorded, replayed].map(text => text === undefined ? undefined : indented(text));
  if (texts.includes(undefined)) return texts.map(text => text === undefined ? null : [text]);
  const [a, b] = texts.map(words);
  let start = 0, tail = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (tail < a.length - start && tail < b.length - start
    && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const kept = common(a.slice(start, a.length - tail), b.slice(start, b.length - tail));
  return [a, b].map((tokens, side) => {
    const parts = [tokens.slice(0, start).join('')];
    let run = '', isMarked = false;
    const flush = () => { if (run) parts.push(isMarked ? el('mark', {}, run) : run); run = ''; };
    tokens.slice(start, tokens.length - tail).forEach((token, index) => {
      if (kept[side].has(index) === isMarked) { flush(); isMarked = !isMarked; }
      run += token;
    });
    flush();
    parts.push(tokens.slice(tokens.length - tail).join(''));
    return parts;
  });
}
/** Words where the browser knows them in every language, else letters and the rest. */
function words(text) {
  if (text.length > 20000) return text.match(/\s+|[^\s]{1,64}/gu) || [];
  if (Intl.Segmenter) {
    return [...new Intl.Segmenter(undefined, { granularity: 'word' }).segment(text)].map(each => each.segment);
  }
  return text.match(/\s+|[\p{L}\p{N}_]+|./gu) || [];
}
/** The indexes that both have, of a longest common subsequence; none where the two are too long for it. */
function common(a, b) {
  const kept = [new Set(), new Set()], width = b.length + 1;
  if (!a.length || !b.length || a.length * b.length > 400000) return kept;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) { kept[0].add(i++); kept[1].add(j++); }
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return kept;
}

/** An object or array over several lines; its numbers and texts stay as they are written. */
function indented(text) {
  if (!/^[\[{]/.test(text) || text.length > 100000) return text;
  let result = '', depth = 0;
  for (const token of text.match(/"(?:[^"\\]|\\.)*"?|[\[\]{}:,]|[^"\[\]{}:,]+/gs) || []) {
    const line = () => `\n${'  '.repeat(Math.min(depth, 24))}`;
    if (token === '{' || token === '[') { depth++; result += token + line(); }
    else if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      result = /[\[{]\s*$/.test(result.slice(-60)) ? result.trimEnd() + token : result + line() + token;
    } else result += token === ',' ? `,${line()}` : token === ':' ? ': ' : token;
  }
  return result;
}

function drawEnds() {
  const [from, to] = drawn;
  $('earlier').hidden = from === 0;
  $('earlier').textContent = `Show ${count(Math.min(portion, from))} of ${count(from)} earlier`;
  $('later').hidden = to >= order.length;
  $('later').textContent = `Show ${count(Math.min(portion, order.length - to))} of `
    + `${count(order.length - to)} more`;
}
function later() {
  const to = Math.min(order.length, drawn[1] + portion);
  list.append(...order.slice(drawn[1], to).map(item));
  drawn[1] = to;
  drawEnds();
}
function earlier() {
  const from = Math.max(0, drawn[0] - portion);
  list.prepend(...order.slice(from, drawn[0]).map(item));
  drawn[0] = from;
  drawEnds();
}
function drawList(from = 0) {
  list.replaceChildren();
  drawn = [from, from];
  later();
  if (!order.length) {
    list.append(el('li', { class: 'empty' }, 'No invocation is like this.'));
  }
}
$('later').addEventListener('click', later);
$('earlier').addEventListener('click', earlier);
new IntersectionObserver(entries => {
  if (entries.some(entry => entry.isIntersecting) && !$('later').hidden) later();
}, { rootMargin: '600px' }).observe($('later'));

/** Goes to an invocation and opens it; a filter that hides it is taken off. */
function reveal(row) {
  let rank = order.indexOf(row);
  if (rank < 0) {
    Object.assign(state, { kind: 'all', fn: '', query: '', place: null });
    if (state.range && (rows.at[row] < state.range[0] || rows.at[row] > state.range[1])) state.range = null;
    changed();
    rank = order.indexOf(row);
  }
  if (rank < drawn[0] || rank >= drawn[1]) drawList(Math.max(0, rank - 5));
  const node = list.children[rank - drawn[0]];
  if (!node) return;
  current = row;
  node.firstChild.open = true;
  node.scrollIntoView({ block: 'start' });
  node.querySelector('summary').focus({ preventScroll: true });
  try { history.replaceState(null, '', `#${node.id}`); } catch { /* A page without an address of its own. */ }
}
$('next').addEventListener('click', () => {
  const rank = order.indexOf(current);
  const next = order.slice(rank + 1).find(row => details.has(row)) ?? order.find(row => details.has(row));
  if (next !== undefined) reveal(next);
});

function controls() {
  for (const input of $('filters').elements.kind) input.checked = input.value === state.kind;
  $('function').value = state.fn;
  $('order').value = state.order;
  if ($('query').value !== state.query) $('query').value = state.query;
  $('next').disabled = !data.counts.different;
  const chip = (text, take) => el('button', { type: 'button', click: () => { take(); changed(); },
    'aria-label': `Take off the filter ${text}` }, `${text} ×`);
  const chips = [];
  if (state.place !== null) chips.push(chip(state.place || '(all)', () => { state.place = null; }));
  if (state.range) {
    const [from, to] = state.range.map(time => clock(data.first + time));
    chips.push(chip(`${from} – ${to}`, () => { state.range = null; }));
  }
  $('chips').replaceChildren(...chips);
  $('matches').textContent = rowCount ? `${count(order.length)} of ${count(rowCount)}` : '';
}
$('filters').addEventListener('submit', event => event.preventDefault());
$('filters').addEventListener('change', event => {
  if (event.target.name === 'kind') state.kind = event.target.value;
  else if (event.target.id === 'function') state.fn = event.target.value;
  else if (event.target.id === 'order') state.order = event.target.value;
  else return;
  changed();
});
let waiting = 0;
$('query').addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => { state.query = $('query').value; changed(); }, 120);
});

data.functions.forEach((each, index) => $('function').append(el('option', { value: String(index) }, each.name)));
const kinds = { all: rowCount, different: 0, refused: 0, identical: 0 };
for (let row = 0; row < rowCount; row++) kinds[kind(row)]++;
for (const name of ['all', 'different', 'refused']) $(`n-${name}`).textContent = count(kinds[name]);
if (kinds.different) state.kind = 'different';
followers.push(() => { filter(); drawList(); controls(); });
changed();
const linked = () => {
  const row = rows.position.indexOf(Number(location.hash.slice(2)));
  if (location.hash.startsWith('#n') && row >= 0) reveal(row);
};
addEventListener('hashchange', linked);
linked();
