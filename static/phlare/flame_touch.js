// Fingers on a flame graph: one that rests has the menu when it is lifted, two zoom and move. One that taps or drags is a
// pointer like any other, see flame_input.js.

const REST_MS = 500; // that a finger rests until it asks for the menu
const MOST_SHAKE = 8; // pixels that a finger moves and still rests

const spread = ([a, b]) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));

/** Listen to fingers. `hand` is what flame_input.js knows to be pressed: not so what is used here. */
export function ontouch(flame, hand) {
  const { canvas } = flame;
  const fingers = new Map(); // pointer id -> {x, y} in the window
  let resting = null;
  const placeOf = ({ clientX: x, clientY: y }) => ({ x, y });
  const middle = ([a, b]) => (a.x + b.x) / 2 - canvas.getBoundingClientRect().left;
  const on = (name, act) => canvas.addEventListener(name, (event) => { if (event.pointerType === 'touch') act(event); });
  const move = () => { clearTimeout(resting?.timer); resting = null; };

  on('pointerdown', (event) => {
    move();
    fingers.set(event.pointerId, placeOf(event));
    const node = flame.at(event.offsetX, event.offsetY);
    if (fingers.size > 1 || node < 0) return;
    resting = { node, place: placeOf(event), isLong: false };
    resting.timer = setTimeout(() => { resting.isLong = true; flame.point(node); }, REST_MS);
  });

  on('pointermove', (event) => {
    if (!fingers.has(event.pointerId)) return;
    if (resting && spread([placeOf(event), resting.place]) > MOST_SHAKE) move();
    const before = [...fingers.values()];
    fingers.set(event.pointerId, placeOf(event));
    if (fingers.size !== 2) return;
    hand.press = null;
    const after = [...fingers.values()];
    flame.scale(middle(after), spread(before) / spread(after));
    const value = ((middle(before) - middle(after)) * (flame.until - flame.from)) / flame.width;
    flame.look(flame.from + value, flame.until + value);
  });

  on('pointerup', (event) => {
    fingers.delete(event.pointerId);
    if (resting?.isLong) {
      const { node, place: { x, y } } = resting;
      if (hand.press) hand.press.moved = true; // the click of this finger does not zoom
      setTimeout(() => flame.openMenu(node, x, y)); // after the browser has closed what a press beside it closes
    }
    move();
  });

  on('pointercancel', (event) => { fingers.delete(event.pointerId); move(); });
}
