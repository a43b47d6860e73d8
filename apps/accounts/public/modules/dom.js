// Elements: found by their id, made, and wired to work that takes a while.

export const element = (id) => document.getElementById(id);

/** Makes an element. Text stays text: nothing that a server sent becomes markup. */
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/** One click, one request: the button rests until the answer is there. */
export function busy(button, work) {
  return async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await work(event);
    } catch {
      announce('The server could not be reached.');
      element('sign-in-error').textContent = 'The server could not be reached.';
    } finally {
      button.disabled = false;
    }
  };
}

export function listen(id, type, work) {
  const target = element(id);
  const button = target.querySelector('button[type="submit"]') ?? target;
  target.addEventListener(
    type,
    busy(button, () => work(target)),
  );
}

/** Said by screen readers, and seen by no one. */
export function announce(text) {
  element('announcement').textContent = text;
}

/** Replaces the items of a list if they differ, and gives the focus back to the button that had it. */
export function replaceItems(list, things, itemOf) {
  const shown = JSON.stringify(things);
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  const key = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...things.map(itemOf));
  if (key !== undefined) list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Today as a time of day, before that with the date. */
export function whenOf(time) {
  const at = new Date(time);
  return at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString();
}

export const timeOf = (time) => new Date(time).toLocaleTimeString();
