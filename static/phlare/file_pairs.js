// What files hold, as tabs: the profiles of one file, or what two files have in common.

/** Kind and unit of a profile type: what its values are, whatever the profile is called. */
const kindOf = (id) => id.split(':').slice(1, 3).join(':');

/** What a profile counts, and in what; with the labels that tell it from others of its kind. */
function labelOf(profile, all) {
  const [name, kind, unit] = profile.profile_type.split(':');
  const alike = all.filter((one) => one.profile_type === profile.profile_type);
  const words = `${kind || name} (${unit || profile.unit})`;
  if (alike.length < 2) return words;
  const telling = Object.entries(profile.labels).filter(([label, value]) => !label.startsWith('__') && alike.some((one) => one.labels[label] !== value));
  return [words, ...(telling.length ? telling.map(([label, value]) => `${label}=${value}`) : [`${alike.indexOf(profile) + 1}`])].join(' · ');
}

/** The tab to begin with: CPU time if there is any, since that is what most people look for, else the first with a value. */
export function firstTab(tabs) {
  const best = tabs.findIndex(({ type, total }) => total && /:(cpu|wall):nanoseconds:/.test(type));
  return Math.max(0, best < 0 ? tabs.findIndex(({ total }) => total) : best);
}

/** @returns a tab for each profile of a file: label, type, total, and the graph. */
export function tabsOf({ profiles }) {
  return profiles.map((graph) => ({ label: labelOf(graph, profiles), type: graph.profile_type, unit: graph.unit, total: graph.total, graph }));
}

/**
 * @returns a tab for each profile that two files have in common: of one type, else of one kind and unit. Several profiles of
 *   one type are paired in their order.
 */
export function pairsOf(a, b) {
  const left = tabsOf(a), right = tabsOf(b), taken = new Set(), pairs = [];
  const pair = (same) => {
    for (const one of left) {
      if (pairs.some(({ graphs }) => graphs[0] === one.graph)) continue;
      const other = right.find((candidate) => !taken.has(candidate) && same(one.type, candidate.type));
      if (!other) continue;
      taken.add(other);
      pairs.push({ label: one.label, type: one.type, unit: one.unit, total: one.total + other.total, graphs: [one.graph, other.graph] });
    }
  };
  pair((one, other) => one === other);
  pair((one, other) => kindOf(one) === kindOf(other));
  return pairs;
}

/** A name of a service from that of a file: without folders and endings, and of characters that need no quotes. */
export function serviceNameOf(fileName) {
  const plain = fileName.split(/[\\/]/).pop().replace(/(\.(gz|pb|pprof|prof|profile|txt|json|jfr|folded|collapsed|cpuprofile|csv|speedscope|out|otlp|pstats|pyisession))+$/i, '');
  return plain.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 60) || 'uploaded';
}
