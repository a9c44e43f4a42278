// Paths of plans, such as perception.players[0].id: what they lead to in what was posted, or in what a step answered.

const PART = /([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g;

/** The names and indices that a path is made of. */
export const partsOf = path =>
  [...path.matchAll(PART)].map(([, name, index, quoted]) =>
    index !== undefined ? Number(index) : quoted !== undefined ? JSON.parse(`"${quoted}"`) : name,
  );

/** @param rootOf The Json that a path begins in, by its name; undefined where it is not known. */
export function find(path, rootOf) {
  const [root, ...rest] = partsOf(path);
  return rest.reduce((json, part) => json?.get(part), rootOf(root));
}
