/** Files of a form: sent as they are chosen, with progress; taken out and brought back before it is saved. */

import { all, csrfToken, one } from "../page/dom";
import { word } from "../page/words";
import { startPad, takeDrawn } from "./pad";
import { boxes, takeTicks } from "./ticks";

interface SentFile {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly captured?: Readonly<Record<string, unknown>>;
  readonly taken?: string;
  readonly position?: string;
}

interface Refusal {
  readonly problems?: readonly { readonly message: string; readonly hint: string }[];
}

const KILOBYTE = 1024;
const MEGABYTE = KILOBYTE * KILOBYTE;
/** Images that browsers show in a page. */
const SHOWN = new Set(["image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"]);
const GROUP = "[data-files]";

/** Forms that wait for files to arrive, with the button that was pressed. */
const waiting = new Map<HTMLFormElement, HTMLElement | null>();

export function startFiles(): void {
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
    const group = groupOf(input);
    if (group === null) return;
    event.stopPropagation();
    for (const file of [...(input.files ?? [])]) send(group, file);
    input.value = "";
  }, true);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("[data-file-toggle]");
    if (button !== null) toggle(button);
  });
  document.addEventListener("submit", hold, true);
  for (const pad of all(document, "[data-pad]", HTMLElement)) {
    startPad(pad, (drawn) => {
      const group = groupOf(pad);
      if (group !== null) send(group, drawn);
    });
  }
}

function groupOf(element: Element): HTMLElement | null {
  const group = element.closest(GROUP);
  return group instanceof HTMLElement ? group : null;
}

/** Take a file out, or bring it back; one that was not taken at all goes from the list. */
function toggle(button: Element): void {
  const item = button.closest("[data-file]");
  const group = groupOf(button);
  if (!(item instanceof HTMLElement) || group === null) return;
  const box = one(item, "[data-tick]", HTMLInputElement);
  if (box === null) {
    item.remove();
    letGo(group);
    return;
  }
  if (box.disabled) return;
  box.checked = !box.checked;
  if (box.checked) keepOne(group, box);
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

/** A field for one file keeps the last one that was chosen. */
function keepOne(group: HTMLElement, kept: HTMLInputElement): void {
  if (group.dataset.several === "yes") return;
  for (const box of boxes(group)) if (box !== kept) box.checked = false;
}

function send(group: HTMLElement, file: File): void {
  const list = one(group, ".file-list", HTMLUListElement);
  if (list === null) return;
  const item = element("li", { file: "" });
  list.append(item);
  const refused = tooMuch(group, file);
  if (refused !== null) {
    fail(item, refused);
    return;
  }
  item.dataset.pending = "";
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.setAttribute("aria-label", word("js.file_sending", { name: file.name, percent: "0" }));
  const about = element("span");
  about.className = "file-about";
  about.append(named("span", file.name), bar);
  item.replaceChildren(picture(file.name, null), about);
  const request = new XMLHttpRequest();
  request.open("POST", group.dataset.files ?? "");
  request.setRequestHeader("X-CSRF-Token", csrfToken());
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
  });
  request.addEventListener("loadend", () => {
    delete item.dataset.pending;
    const sent = answerOf(request) as SentFile | null;
    if (request.status === 200 && sent !== null && item.isConnected) keep(group, item, sent);
    else if (request.status !== 200) fail(item, reason(request, file.name));
    letGo(group);
  });
  item.append(remover(() => { request.abort(); }));
  const form = new FormData();
  form.append("file", file, file.name);
  request.send(form);
}

/** Why a file need not be sent at all; null where it may. */
function tooMuch(group: HTMLElement, file: File): string | null {
  const largest = Number(group.dataset.largest);
  if (file.size > largest) {
    return word("js.file_too_large", { name: file.name, size: String(Math.floor(largest / MEGABYTE)) });
  }
  const most = Number(group.dataset.most);
  const kept = boxes(group).filter((box) => box.checked).length;
  const coming = group.querySelectorAll("[data-pending]").length;
  const full = group.dataset.several === "yes" && kept + coming >= most;
  return full ? word("js.file_too_many", { most: String(most) }) : null;
}

function answerOf(request: XMLHttpRequest): unknown {
  try {
    return JSON.parse(request.responseText) as unknown;
  } catch {
    return null;
  }
}

function reason(request: XMLHttpRequest, name: string): string {
  const problem = (answerOf(request) as Refusal | null)?.problems?.[0];
  return problem === undefined ? word("js.file_failed", { name }) : `${problem.message} ${problem.hint}`;
}

/** Show a file that was sent, ticked so that the form keeps it. */
function keep(group: HTMLElement, item: HTMLElement, file: SentFile): void {
  const asked = one(group, 'input[name$=":sent"]', HTMLInputElement)?.name ?? "";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = true;
  box.name = `${asked.slice(0, -":sent".length)}:=${file.id}`;
  const { name, type, captured } = file;
  box.value = JSON.stringify({ name, size: file.size, type, captured });
  box.dataset.tick = file.id;
  const label = document.createElement("label");
  label.className = "file-keep";
  label.append(box);
  const link = document.createElement("a");
  link.href = `${address(group)}/${file.id}`;
  link.target = "_blank";
  link.rel = "noopener";
  link.className = "file-name";
  link.textContent = file.name;
  const size = element("span");
  size.className = "quiet";
  const taken = file.taken ? [word("js.file_taken", { time: file.taken })] : [];
  size.textContent = [sizeShown(file.size), ...taken, ...(file.position ? [file.position] : [])].join(" · ");
  const about = element("span");
  about.className = "file-about";
  about.append(link, size);
  const drawn = one(group, "[data-pad]", HTMLElement) !== null;
  const image = picture(file.name, SHOWN.has(file.type) ? `${link.href}?size=small` : null);
  if (drawn) image.classList.add("drawn");
  item.replaceChildren(image, about, label, remover());
  keepOne(group, box);
  takeTicks(group);
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function address(group: HTMLElement): string {
  return (group.dataset.files ?? "").split("?")[0] ?? "";
}

function fail(item: HTMLElement, why: string): void {
  const text = named("span", why);
  text.className = "error";
  text.setAttribute("role", "alert");
  item.replaceChildren(text, remover());
}

/** The button that takes a file out, or brings it back: which of them, the style decides. */
function remover(before?: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet";
  button.dataset.fileToggle = "";
  const out = named("span", word("js.file_remove"));
  out.className = "when-kept";
  const back = named("span", word("js.file_back"));
  back.className = "when-gone";
  button.append(out, back);
  if (before !== undefined) button.addEventListener("click", before);
  return button;
}

/** The image itself, or the extension of the name in its place. */
function picture(name: string, source: string | null): HTMLElement {
  if (source === null) {
    const space = element("span");
    space.className = "thumb";
    space.ariaHidden = "true";
    const dot = name.lastIndexOf(".");
    space.textContent = dot < 0 ? "" : name.slice(dot + 1, dot + 5).toUpperCase();
    return space;
  }
  const image = document.createElement("img");
  image.className = "thumb";
  image.src = source;
  image.alt = "";
  return image;
}

function named(tag: string, text: string): HTMLElement {
  const found = element(tag);
  found.className = "file-name";
  found.textContent = text;
  return found;
}

function element(tag: string, data: Readonly<Record<string, string>> = {}): HTMLElement {
  const found = document.createElement(tag);
  Object.assign(found.dataset, data);
  return found;
}

/** Bytes in the unit in which they are short, as the server writes them. */
export function sizeShown(size: number): string {
  if (size < KILOBYTE) return `${String(size)} B`;
  if (size < MEGABYTE) return `${String(Math.ceil(size / KILOBYTE))} KB`;
  return `${(size / MEGABYTE).toFixed(1)} MB`;
}

/** A form is saved once its files have arrived; what was drawn and not yet sent goes first. */
function hold(event: Event): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  for (const pad of all(form, "[data-pad]", HTMLElement)) takeDrawn(pad);
  if (form.querySelector("[data-pending], [data-pad][data-taking]") === null) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const pressed = event instanceof SubmitEvent ? event.submitter : null;
  waiting.set(form, pressed);
}

function letGo(group: HTMLElement): void {
  const form = group.closest("form");
  if (form === null || !waiting.has(form)) return;
  if (form.querySelector("[data-pending], [data-pad][data-taking]") !== null) return;
  const pressed = waiting.get(form) ?? null;
  waiting.delete(form);
  // What was refused is looked at first.
  if (form.querySelector(".file-list .error") === null) form.requestSubmit(pressed);
}
