const canvas = $('canvas'), figure = $('timeline'), tooltip = $('tooltip'), selection = $('selection');
const pitch = 4, top = 6, axis = 26, dots = 150;
const whole = span[0] === span[1] ? [span[0] - 500, span[1] + 500]
  : [span[0] - (span[1] - span[0]) * .006, span[1] + (span[1] - span[0]) * .006];
let lanes = null;
let focus = null;

const view = () => state.range || whole;
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5,
  18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6, 7776e6, 31536e6];

/** Counts what is in view. */
function layOut() {
  const width = canvas.clientWidth, wide = width > 640;
  const context = canvas.getContext('2d');
  context.font = `13px ${style('--sans')}`;
  const names = data.functions.map(each => each.name);
  const label = wide ? Math.min(190, Math.max(60, ...names.map(name => context.measureText(name).width))) + 20 : 6;
  const height = wide ? (names.length > 12 ? 30 : 44) : 54;
  const columns = Math.max(1, Math.floor((width - label - 8) / pitch));
  const cells = columns * names.length;
  const [start, end] = view();
  lanes = { width, wide, label, height, columns, start, end, most: 1, count: 0, rows: [],
    all: new Uint32Array(cells), different: new Uint32Array(cells), refused: new Uint32Array(cells),
    first: new Int32Array(cells).fill(-1), firstDifferent: new Int32Array(cells).fill(-1) };
  for (let row = 0; row < rowCount; row++) {
    const time = rows.at[row];
    if (time < start || time > end) continue;
    const cell = rows.function[row] * columns + column(time);
    lanes.most = Math.max(lanes.most, ++lanes.all[cell]);
    lanes.count++;
    if (lanes.count <= dots) lanes.rows.push(row);
    if (lanes.first[cell] < 0) lanes.first[cell] = row;
    if (details.has(row)) {
      lanes.different[cell]++;
      if (lanes.firstDifferent[cell] < 0) lanes.firstDifferent[cell] = row;
    } else if (rows.status[row] >= 400) lanes.refused[cell]++;
  }
}
const column = time => Math.max(0, Math.min(lanes.columns - 1,
  Math.floor((time - lanes.start) / (lanes.end - lanes.start) * lanes.columns)));
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const base = lane => top + (lane + 1) * lanes.height - 7;

function draw() {
  if (!canvas.clientWidth) return;
  layOut();
  const names = data.functions.map(each => each.name), ratio = window.devicePixelRatio || 1;
  const height = top + Math.max(1, names.length) * lanes.height + axis;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(lanes.width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  const colour = { soft: style('--soft'), ink: style('--ink'), hair: style('--hair'), identical: style('--same'),
    refused: style('--refused'), different: style('--diff'), focus: style('--focus') };
  const plot = lanes.columns * pitch;
  context.font = `11.5px ${style('--sans')}`;
  context.textBaseline = 'alphabetic';
  drawAxis(context, colour, plot, height);
  names.forEach((name, lane) => {
    context.fillStyle = colour.hair;
    context.fillRect(lanes.label, base(lane), plot, 1);
    context.fillStyle = colour.ink;
    context.font = `13px ${style('--sans')}`;
    if (lanes.wide) context.fillText(fitted(context, name, lanes.label - 18), 4, base(lane) - 4);
    else context.fillText(fitted(context, name, plot), lanes.label, base(lane) - lanes.height + 21);
  });
  if (lanes.count <= dots) drawDots(context, colour);
  else drawColumns(context, colour);
  if (focus && document.activeElement === canvas) {
    context.strokeStyle = colour.focus;
    context.lineWidth = 2;
    context.strokeRect(lanes.label + focus.column * pitch - 3, base(focus.lane) - barHeight() - 3, 9,
      barHeight() + 8);
  }
  if (!lanes.count) {
    context.fillStyle = colour.soft;
    context.fillText('No invocation in this time.', lanes.label + 8, 28);
  }
}
const barHeight = () => lanes.height - (lanes.wide ? 13 : 28);

function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  while (text.length > 1 && context.measureText(`${text}…`).width > width) text = text.slice(0, -1);
  return `${text}…`;
}

function drawAxis(context, colour, plot, height) {
  const length = lanes.end - lanes.start;
  const step = steps.find(each => length / each <= Math.max(2, plot / 96)) || steps[steps.length - 1];
  const from = Math.ceil((data.first + lanes.start) / step) * step;
  for (let tick = 0; tick < 60; tick++) {
    const time = from + tick * step - data.first;
    if (time > lanes.end) break;
    const x = lanes.label + (time - lanes.start) / length * plot;
    context.fillStyle = colour.hair;
    context.fillRect(Math.round(x), top, 1, height - top - axis + 4);
    context.fillStyle = colour.soft;
    const text = clock(data.first + time, step), half = context.measureText(text).width / 2;
    const left = Math.max(lanes.label, Math.min(x - half, lanes.label + plot - 2 * half));
    context.fillText(text, left, height - 9);
  }
}

function drawColumns(context, colour) {
  const scale = barHeight() / Math.sqrt(lanes.most);
  for (let cell = 0; cell < lanes.all.length; cell++) {
    const all = lanes.all[cell];
    if (!all) continue;
    const lane = Math.floor(cell / lanes.columns), x = lanes.label + (cell % lanes.columns) * pitch;
    const full = Math.max(3, Math.sqrt(all) * scale);
    // What is rare must still be seen.
    const part = (value, least) => value ? Math.max(least, full * value / all) : 0;
    const different = Math.min(full, part(lanes.different[cell], 6));
    const refused = Math.min(full - different, part(lanes.refused[cell], 3));
    let y = base(lane);
    for (const [name, size] of [['different', different], ['refused', refused],
      ['identical', full - different - refused]]) {
      context.fillStyle = colour[name];
      context.fillRect(x, y - size, pitch - 1, size);
      y -= size;
    }
    if (different) {
      context.fillStyle = colour.different;
      context.beginPath();
      context.moveTo(x + 1.5, base(lane) + 1);
      context.lineTo(x + 5.5, base(lane) + 7);
      context.lineTo(x - 2.5, base(lane) + 7);
      context.fill();
    }
  }
}

function drawDots(context, colour) {
  for (const wanted of ['identical', 'refused', 'different']) {
    context.fillStyle = colour[wanted];
    for (const row of lanes.rows) {
      if (kind(row) !== wanted) continue;
      const x = lanes.label + (rows.at[row] - lanes.start) / (lanes.end - lanes.start) * lanes.columns * pitch;
      const y = base(rows.function[row]) - barHeight() / 2 + 1;
      context.beginPath();
      // A shape of its own, for those who do not tell the colours apart.
      if (wanted === 'different') {
        context.moveTo(x, y - 8); context.lineTo(x + 8, y); context.lineTo(x, y + 8); context.lineTo(x - 8, y);
      } else if (wanted === 'refused') context.rect(x - 5, y - 5, 10, 10);
      else context.arc(x, y, 5.5, 0, 7);
      context.fill();
    }
  }
}

/** The nearest mark to a point of the canvas, as { lane, column }. */
function markAt(x, y) {
  if (!lanes || !data.functions.length) return null;
  const lane = Math.floor((y - top) / lanes.height), middle = Math.floor((x - lanes.label) / pitch);
  if (lane < 0 || lane >= data.functions.length) return null;
  for (let offset = 0; offset <= 4; offset++) {
    for (const candidate of [middle - offset, middle + offset]) {
      if (candidate < 0 || candidate >= lanes.columns) continue;
      if (lanes.all[lane * lanes.columns + candidate]) return { lane, column: candidate };
    }
  }
  return null;
}

function describe(mark) {
  const cell = mark.lane * lanes.columns + mark.column, all = lanes.all[cell];
  const [different, refused] = [lanes.different[cell], lanes.refused[cell]];
  const row = lanes.firstDifferent[cell] >= 0 ? lanes.firstDifferent[cell] : lanes.first[cell];
  if (all === 1) {
    return [fn(row), `#${rows.position[row]} · ${clock(at(row))} · ${trigger(row)}`,
      `status ${rows.status[row]} · ${duration(rows.recorded[row])} → ${duration(rows.replayed[row])}`,
      different ? counted(details.get(row)[1], 'difference') : refused ? 'identical, refused' : 'identical'];
  }
  const step = (lanes.end - lanes.start) / lanes.columns, time = data.first + lanes.start + mark.column * step;
  return [data.functions[mark.lane].name, `${clock(time, step)} · ${counted(all, 'invocation')}`,
    [different ? `${count(different)} different` : null, refused ? `${count(refused)} refused` : null,
      `${count(all - different - refused)} identical`].filter(Boolean).join(' · '),
    different ? `Click opens #${rows.position[row]}, the first that differs` : `Click opens #${rows.position[row]}`];
}

function showTooltip(mark, announce) {
  tooltip.hidden = !mark;
  if (!mark) return;
  const [title, ...lines] = describe(mark);
  tooltip.replaceChildren(el('b', {}, title), ...lines.map(line => el('div', {}, line)));
  const x = canvas.offsetLeft + lanes.label + mark.column * pitch + 2;
  const left = Math.max(4, Math.min(x - tooltip.offsetWidth / 2, figure.clientWidth - tooltip.offsetWidth - 4));
  const above = canvas.offsetTop + base(mark.lane) - barHeight() - tooltip.offsetHeight - 8;
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${above > -40 ? above : canvas.offsetTop + base(mark.lane) + 12}px`;
  if (announce) $('announcement').textContent = [title, ...lines].join(', ');
}

function open(mark) {
  const cell = mark.lane * lanes.columns + mark.column;
  reveal(lanes.firstDifferent[cell] >= 0 ? lanes.firstDifferent[cell] : lanes.first[cell]);
}

function zoom(start, end) {
  const least = 2;
  if (end - start < least) [start, end] = [(start + end - least) / 2, (start + end + least) / 2];
  [start, end] = [Math.max(start, whole[0]), Math.min(end, whole[1])];
  state.range = start <= whole[0] && end >= whole[1] ? null : [start, end];
  changed();
}
const zoomBy = factor => {
  const [start, end] = view(), middle = (start + end) / 2, half = (end - start) / 2 * factor;
  zoom(middle - half, middle + half);
};
$('zoom-in').addEventListener('click', () => zoomBy(.5));
$('zoom-out').addEventListener('click', () => zoomBy(2));
$('zoom-all').addEventListener('click', () => zoom(...whole));

let pressed = null;
const timeAt = x => lanes.start + Math.max(0, Math.min(1, (x - lanes.label) / (lanes.columns * pitch)))
  * (lanes.end - lanes.start);
canvas.addEventListener('pointerdown', event => {
  if (event.button || !lanes) return;
  pressed = { x: event.offsetX, dragged: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', event => {
  if (!lanes) return;
  if (pressed && Math.abs(event.offsetX - pressed.x) > 6) pressed.dragged = true;
  const mark = pressed && pressed.dragged ? null : markAt(event.offsetX, event.offsetY);
  canvas.style.cursor = mark ? 'pointer' : 'crosshair';
  showTooltip(mark);
  selection.hidden = !(pressed && pressed.dragged);
  if (selection.hidden) return;
  const clamp = x => Math.max(lanes.label, Math.min(x, lanes.label + lanes.columns * pitch));
  const [from, to] = [clamp(pressed.x), clamp(event.offsetX)].sort((a, b) => a - b);
  selection.style.left = `${canvas.offsetLeft + from}px`;
  selection.style.width = `${to - from}px`;
  selection.style.top = `${canvas.offsetTop}px`;
  selection.style.height = `${canvas.clientHeight - axis + 4}px`;
});
canvas.addEventListener('pointerup', event => {
  const was = pressed;
  pressed = null;
  selection.hidden = true;
  if (!was || !lanes) return;
  if (was.dragged) {
    const [from, to] = [timeAt(was.x), timeAt(event.offsetX)].sort((a, b) => a - b);
    return zoom(from, to);
  }
  const mark = markAt(event.offsetX, event.offsetY);
  if (mark) open(mark);
});
canvas.addEventListener('pointercancel', () => { pressed = null; selection.hidden = true; });
canvas.addEventListener('pointerleave', () => { if (!pressed) tooltip.hidden = true; });

canvas.addEventListener('keydown', event => {
  if (!lanes || !lanes.count) return;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === 'Enter' && focus) open(focus);
  else if (event.key === 'Escape') tooltip.hidden = true;
  else if (steps) move(...steps);
  else return;
  event.preventDefault();
});
/** To the next mark of the lane, or the nearest one of the next lane that has any. */
function move(across, down) {
  const count = data.functions.length;
  const marks = lane => Array.from({ length: lanes.columns }, (_, column) => column)
    .filter(column => lanes.all[lane * lanes.columns + column]);
  let { lane, column } = focus || { lane: 0, column: -1 };
  if (!focus && !marks(0).length) down = 1;
  if (down) {
    let next = lane + down;
    while (next >= 0 && next < count && !marks(next).length) next += down;
    if (next < 0 || next >= count) return;
    lane = next;
    column = marks(lane).reduce((a, b) => Math.abs(b - column) < Math.abs(a - column) ? b : a);
  } else {
    const found = marks(lane);
    const next = across > 0 ? found.find(each => each > column) : found.findLast(each => each < column);
    if (next === undefined) return;
    column = next;
  }
  focus = { lane, column };
  draw();
  showTooltip(focus, true);
}
canvas.addEventListener('blur', () => { tooltip.hidden = true; draw(); });

followers.push(() => {
  focus = null;
  draw();
  $('zoom-out').disabled = $('zoom-all').disabled = !state.range;
  $('zoom-in').disabled = !rowCount;
});
new ResizeObserver(() => draw()).observe(figure);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
