// JSON that only passes through. What users post and agents answer is theirs, and comes back as it came: JSON.parse
// would make a double of every number (76561198000000003 ends with another digit then, 1e400 is nothing), and put
// members whose names are numbers first. So it is kept as text, and read no further than it is shown.

const BLANKS = ' \t\n\r';
const OPEN = { '{': '}', '[': ']' };
const TYPES = { '{': 'object', '[': 'array', '"': 'string', t: 'boolean', f: 'boolean', n: 'null' };

export class Json {
  /** @param text One valid JSON value: something that JSON.parse reads. */
  constructor(text) {
    this.text = text.trim();
  }

  static of(value) {
    return new Json(JSON.stringify(value));
  }

  /** An object of pairs of a name and a Json; or of entries of another, whose names are written as they were. */
  static object(members) {
    const written = members.map(([name, value, text = JSON.stringify(name)]) => `${text}:${value.text}`);
    return new Json(`{${written.join()}}`);
  }

  get type() {
    return TYPES[this.text[0]] ?? 'number';
  }

  /**
   * Of each member its name, a Json, and the name as it is written; of each item its index and a Json; nothing of what
   * has neither.
   */
  entries() {
    const { text, type } = this;
    const entries = [];
    if (type !== 'object' && type !== 'array') return entries;
    for (let at = skip(text, 1); text[at] !== OPEN[text[0]]; at = skip(text, at)) {
      const entry = [entries.length, null];
      if (type === 'object') {
        const end = stringEnd(text, at);
        entry[2] = text.slice(at, end);
        entry[0] = JSON.parse(entry[2]);
        at = skip(text, skip(text, end) + 1); // behind the colon
      }
      const end = valueEnd(text, at);
      entry[1] = new Json(text.slice(at, end));
      entries.push(entry);
      at = skip(text, end);
      if (text[at] === ',') at++;
    }
    return entries;
  }

  /** The member of a name; undefined when there is none. */
  get(name) {
    return this.entries().find(([other]) => other === name)?.[1];
  }

  /** The same object with other members in the place of those of their names, or at its end. */
  with(members) {
    const others = new Map(members);
    const entries = this.entries().map(([name, value, written]) => {
      const other = others.get(name) ?? value;
      others.delete(name);
      return [name, other, written];
    });
    return Json.object([...entries, ...others]);
  }

  /** The same object without some of its members. */
  without(...names) {
    return Json.object(this.entries().filter(([name]) => !names.includes(name)));
  }

  /** What JSON.parse makes of it: for what is drawn or compared, not for what is shown or sent. */
  value() {
    return JSON.parse(this.text);
  }

  /** The same without blanks. */
  compact() {
    return new Json(print(this.text, () => '', ':'));
  }

  /** The same text over several lines. */
  pretty() {
    return print(this.text, depth => `\n${'  '.repeat(depth)}`, ': ');
  }
}

/** Writes the tokens of a text as they are, with other blanks between them. */
function print(text, line, colon) {
  let printed = '';
  let depth = 0;
  for (let at = skip(text, 0); at < text.length; at = skip(text, at)) {
    const c = text[at];
    if (c === '{' || c === '[') {
      const next = skip(text, at + 1);
      const empty = text[next] === OPEN[c];
      printed += empty ? c + OPEN[c] : c + line(++depth);
      at = empty ? next + 1 : next;
    } else if (c === '}' || c === ']') {
      printed += line(--depth) + c;
      at++;
    } else if (c === ',' || c === ':') {
      printed += c === ':' ? colon : c + line(depth);
      at++;
    } else {
      const end = valueEnd(text, at);
      printed += text.slice(at, end);
      at = end;
    }
  }
  return printed;
}

function skip(text, at) {
  while (at < text.length && BLANKS.includes(text[at])) at++;
  return at;
}

/** Behind the string that begins here. */
function stringEnd(text, at) {
  for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
  return at + 1;
}

/** Behind the value that begins here. */
function valueEnd(text, at) {
  if (text[at] === '"') return stringEnd(text, at);
  if (!OPEN[text[at]]) {
    while (at < text.length && !',]}'.includes(text[at]) && !BLANKS.includes(text[at])) at++;
    return at;
  }
  for (let depth = 0; ;) {
    const c = text[at];
    if (c === '"') {
      at = stringEnd(text, at);
      continue;
    }
    at++;
    if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return at;
  }
}
