// Elements are made here and nowhere else. Text goes in as text nodes, so data never becomes markup.

/** Makes an element: h('a', { href: '#/', class: 'x', onclick: f }, 'text', child, [more]). */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'value' || name === 'checked') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Puts other children in place of those that are there. */
export function replace(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

/** Sets text only where it differs, so that nothing is laid out (or read aloud) again for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls f at most once per frame, however often the result is called. */
export function perFrame(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      f();
    });
  };
}

/** A message that goes away by itself, and is read aloud. */
export function toast(text, kind = 'info') {
  const element = h('div', { class: `toast ${kind}` }, text);
  document.getElementById('toasts').append(element);
  setTimeout(() => element.remove(), 6000);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    // Without permission (or without TLS) the text is shown instead, ready to be copied.
    const area = h('textarea', { readonly: true, rows: 10, 'aria-label': what }, text);
    const box = h(
      'dialog',
      { class: 'dialog', 'aria-label': what },
      h('h2', null, what),
      area,
      h('form', { method: 'dialog', class: 'actions' }, h('button', null, 'Close')),
    );
    box.addEventListener('close', () => box.remove());
    document.body.append(box);
    box.showModal();
    area.select();
  }
}

/** Asks before something is done. Resolves to whether it may be. */
export function ask(title, body, action, danger = false) {
  return new Promise(resolve => {
    const box = h(
      'dialog',
      { class: 'dialog', 'aria-label': title },
      h('h2', null, title),
      h('div', null, body),
      h(
        'form',
        { method: 'dialog', class: 'actions' },
        h('button', { value: 'no', class: 'quiet', autofocus: true }, 'Not now'),
        h('button', { value: 'yes', class: danger ? 'danger' : 'primary' }, action),
      ),
    );
    box.addEventListener('close', () => {
      resolve(box.returnValue === 'yes');
      box.remove();
    });
    document.body.append(box);
    box.showModal();
  });
}
