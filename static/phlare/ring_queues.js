// How many pushes waited for each ingester over the last minutes, as far as this page has watched, and a small line of it.

const WINDOW_MS = 300_000;
const SHORTEST_MS = 60_000; // a page that was opened just now does not squeeze what it knows into the corner
const KEPT = 'phlare-ring-queues';
const WIDTH = 72; // of the view box of the line
const HEIGHT = 18;

/** Remembers queue depths; a reload of the page takes them along. */
export class QueueHistory {
  constructor(now = Date.now()) {
    try { this.points = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? '[]')); } catch { this.points = new Map(); }
    this.drop(now);
    addEventListener('pagehide', () => {
      try { sessionStorage.setItem(KEPT, JSON.stringify([...this.points])); } catch { /* the window starts anew then */ }
    });
  }

  /** Note the depths of a document of the ring; unknown ones leave a gap. */
  note(instances, now = Date.now()) {
    for (const { id, queue_depth: depth } of instances) {
      if (depth === null) continue;
      if (!this.points.has(id)) this.points.set(id, []);
      this.points.get(id).push([now, depth]);
    }
    this.drop(now);
  }

  drop(now) {
    for (const [id, points] of this.points) {
      const kept = points.filter(([at]) => at > now - WINDOW_MS);
      if (kept.length) this.points.set(id, kept); else this.points.delete(id);
    }
  }

  /** The points of one ingester, oldest first: [[at_ms, depth], ...]. */
  of(id) { return this.points.get(id) ?? []; }
}

/** The corners of a line for an SVG of 72 x 18: time to the right, one to five minutes of it; the largest depth at the top. */
export function corners(points, now) {
  const most = Math.max(1, ...points.map(([, depth]) => depth));
  const span = Math.min(WINDOW_MS, Math.max(SHORTEST_MS, now - (points[0]?.[0] ?? now)));
  return points.map(([at, depth]) => `${(WIDTH * (1 - (now - at) / span)).toFixed(1)},${(HEIGHT - 1.5 - (HEIGHT - 3) * (depth / most)).toFixed(1)}`).join(' ');
}

/** The same as the line, for those who do not see it. */
export function inWords(points, now) {
  const minutes = points.length ? Math.ceil((now - points[0][0]) / 60_000) : 0;
  return `At most ${Math.max(0, ...points.map(([, depth]) => depth))} waited in the last ${minutes === 1 ? 'minute' : `${minutes} minutes`}`;
}
