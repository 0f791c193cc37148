// Transforms of flame graphs: pure functions from graph to graph, and the trail of those that were applied.
//
// A transform is a value that can be written as JSON, so that it can stand in an address. A frame that is merged leaves
// its value with its caller; a frame that is hidden takes its stacks with it.
import { follow } from './flame_data.js';
import { visible } from './frame_name.js';
import { TreeBuilder, totalsOf } from './flame_tree.js';

/** @typedef {import('./flame_data.js').Graph} Graph */

/**
 * @typedef {{kind: 'focus' | 'hide' | 'merge', name: string} | {kind: 'zoom' | 'subtree', path: string[]}
 *   | {kind: 'collapse' | 'invert'} | {kind: 'preset', preset: string}} Transform
 */

function either(...patterns) { return new RegExp(patterns.map(({ source }) => source).join('|')); }

/** Frames that belong to a run time: names, as the languages' profilers write them. */
export const PRESETS = {
  go: { label: 'Go runtime', pattern: /^(runtime|internal\/runtime|runtime\/internal)(\/[\w/]+)?[.(](?!rs:)|^(gcWriteBarrier|gogo|mcall|morestack)$/ },
  python: { label: 'Python internals', pattern: either(
    /^(_?PyEval_|_?Py[A-Z]\w*_|cfunction_|method_vectorcall|pymain_|<frozen |<module> \(<frozen|importlib\.|_bootstrap)/,
    /^(Thread\.(_bootstrap|_bootstrap_inner|run)$|_GeneratorContextManager|ContextDecorator\.|contextmanager\.<locals>|_WorkItem\.run|BaseEventLoop\.|Handle\._run)/,
    /^(_run_code|_run_module_as_main|_find_and_load|_load_unlocked|_call_with_frames_removed)/,
    /(^|[/ (])(importlib\/_bootstrap|runpy\.py|threading\.py|contextlib\.py|concurrent\/futures\/thread\.py|asyncio\/)/,
  ) },
  libc: { label: 'libc', pattern: either(
    /^(__libc_|__GI_|_start$|__clone|clone3?$|start_thread$|__pthread_|pthread_|_?_?(malloc|free|calloc|realloc|memcpy|memmove|memset|strlen)(_\w+)?$)/,
    /lib(c|pthread)(\.so|-\d)/,
  ) },
  jvm: { label: 'JVM', pattern: either(
    /^(java[./]lang[./]((reflect|invoke)[./]|Thread\.)|jdk[./]internal[./]|sun[./]reflect)/,
    /^(libjvm\.so\b|\w+(<.*>)?::|JVM_|jni_|thread_native_entry|I2C\/C2I|\.?[vi]table )/, // HotSpot itself is C++
  ) },
  v8: { label: 'V8 and Node internals', pattern: either(
    /^:?\((program|garbage collector|idle|root|external)\)|^(Garbage Collection|Node\.js)$|^v8::|^node::|(^|[ (])node:/,
    /^(processTimers|listOnTimeout|processImmediate|processTicksAndRejections|runMicrotasks|runNextTicks|executeUserEntryPoint)$|^Module\.(_|load$|require$)/,
  ) },
};

/** Functions from (graph, transform) to a graph; a zoom only changes what is in view. */
const APPLY = {
  zoom: (graph) => graph,
  focus: (graph, { name }) => remap(graph, -1, (tree, node, above, own) => (
    above >= 0 ? tree.child(above, own) : graph.names[own] === name ? tree.child(0, own) : -1)),
  subtree: (graph, { path }) => {
    const top = follow(graph, path);
    return top ? remap(graph, -1, (tree, node, above, own) => (above >= 0 || node === top ? tree.child(Math.max(0, above), own) : -1)) : graph;
  },
  hide: (graph, { name }) => remap(graph, 0, (tree, node, above, own) => (
    above < 0 || graph.names[own] === name ? -1 : tree.child(above, own))),
  merge: (graph, { name }) => merge(graph, (one) => one === name),
  preset: (graph, { preset }) => merge(graph, (one) => PRESETS[preset].pattern.test(one)),
  collapse: (graph) => remap(graph, 0, (tree, node, above, own) => {
    let same = above;
    while (same > 0 && tree.name[same] !== own) same = tree.parent[same];
    return same > 0 ? same : tree.child(above, own);
  }),
  invert: (graph) => invert(graph),
};

/** @param {Graph} graph @param {Transform} transform @returns {Graph} */
export function transformed(graph, transform) {
  return APPLY[transform.kind](graph, transform);
}

/** What a transform does, in the words of a breadcrumb. */
export function labelOf(transform) {
  const name = visible(transform.name ?? transform.path?.at(-1) ?? '');
  return {
    zoom: () => name, focus: () => `Focus: ${name}`, subtree: () => `Focus subtree: ${name}`, hide: () => `Hidden: ${name}`, merge: () => `Merged: ${name}`, collapse: () => 'Recursion collapsed',
    invert: () => 'Inverted', preset: () => `Without ${PRESETS[transform.preset].label}`,
  }[transform.kind]();
}

/**
 * Give each node, parents first, a place in a new tree, and sum up there.
 * @param {number} root where the root's own value goes: 0, or -1 to leave it out
 * @param {(tree: TreeBuilder, node: number, above: number, name: number) => number} placeOf `above` is the place of the
 *   parent; -1 is no place
 */
export function remap(graph, root, placeOf) {
  const { count, parent, name } = graph;
  const tree = new TreeBuilder(graph);
  const place = new Int32Array(count);
  place[0] = root;
  if (root >= 0) tree.add(root, 0);
  for (let node = 1; node < count; node++) {
    const to = place[node] = placeOf(tree, node, place[parent[node]], name[node]);
    if (to >= 0) tree.add(to, node);
  }
  return tree.layOut();
}

/** Leave out frames; their values go to their callers. */
function merge(graph, matches) {
  const gone = Uint8Array.from(graph.names, (name) => (matches(name) ? 1 : 0));
  return remap(graph, 0, (tree, node, above, own) => (gone[own] ? above : tree.child(above, own)));
}

/** Callers below callees: the first level has the functions by self value. */
function invert(graph) {
  const tree = new TreeBuilder(graph);
  for (let node = 0; node < graph.count; node++) if (graph.self[node]) tree.add(upwards(tree, graph, node, 0), node);
  return tree.layOut();
}

function upwards(tree, { parent, name }, node, place) {
  for (; node > 0; node = parent[node]) place = tree.child(place, name[node]);
  return place;
}

/**
 * What calls a function and what it calls, each merged over all places; in both the root is the function itself. Where it
 * calls itself, callers are those of the outermost call.
 * @returns {{callers: Graph, callees: Graph}}
 */
export function sandwich(graph, functionName) {
  const { count, name, names, parent } = graph;
  const wanted = names.indexOf(functionName);
  const callers = new TreeBuilder(graph, Math.max(0, wanted)), callees = new TreeBuilder(graph, Math.max(0, wanted));
  const place = new Int32Array(count).fill(-1), totals = totalsOf(graph);
  for (let node = 1; node < count; node++) {
    const above = place[parent[node]];
    if (above >= 0) place[node] = callees.child(above, name[node]);
    else if (name[node] === wanted) {
      place[node] = 0;
      callers.add(upwards(callers, graph, parent[node], 0), node, totals);
    }
    if (place[node] >= 0) callees.add(place[node], node);
  }
  return { callers: callers.layOut(), callees: callees.layOut() };
}

/**
 * The steps that led from a graph to what is shown. A value: each step makes a new trail.
 * @typedef {{base: Graph, steps: {transform: Transform, graph: Graph}[]}} Trail
 */

/** @returns {Trail} */
export const trailOf = (base) => ({ base, steps: [] });

/** The graph at the end of a trail. */
export const shown = ({ base, steps }) => (steps.length ? steps.at(-1).graph : base);

/** @returns {Trail} one step further */
export function extended(trail, transform) {
  return { base: trail.base, steps: [...trail.steps, { transform, graph: transformed(shown(trail), transform) }] };
}

/** @returns {Trail} the first `length` steps of it */
export const cutTo = ({ base, steps }, length) => ({ base, steps: steps.slice(0, Math.max(0, length)) });

/** The path that is zoomed on at the end of a trail; a transform shows the whole again. */
export function zoomedPath({ steps }) {
  const last = steps.at(-1)?.transform;
  return last?.kind === 'zoom' ? last.path : [];
}
