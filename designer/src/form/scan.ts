/** The button beside a code that reads it by the camera; the reader is loaded when it is first used. */

import { one, tellAt } from "../page/dom";
import { word } from "../page/words";

/** Offer the buttons of a page, also those that come to it later, where the device has a camera for it. */
export function startScanning(): void {
  if (!("mediaDevices" in navigator)) return;
  document.documentElement.dataset.scans = "yes";
  document.addEventListener("click", (event) => {
    takeScan(event.target);
  });
}

/** Read a code for the input whose button was pressed. */
function takeScan(target: EventTarget | null): void {
  const button = target instanceof Element ? target.closest("[data-scan]") : null;
  const box = button?.closest("[data-scanned]") ?? null;
  const input = box === null ? null : one(box, "input", HTMLInputElement);
  if (input === null || input.disabled) return;
  void scan(input);
}

async function scan(input: HTMLInputElement): Promise<void> {
  const { readCode } = await import("./scan_reader");
  const dialog = document.createElement("dialog");
  dialog.className = "scan";
  const title = document.createElement("p");
  title.textContent = word("js.scan_title");
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button";
  close.textContent = word("js.scan_close");
  dialog.append(title, video, close);
  document.body.append(dialog);
  const stopped = new AbortController();
  close.addEventListener("click", () => {
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    stopped.abort();
    dialog.remove();
    input.focus();
  });
  dialog.showModal();
  try {
    const text = await readCode(video, stopped.signal);
    if (text === null) return;
    input.value = text;
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  } catch {
    tellAt(input, word("js.no_camera"));
  } finally {
    if (dialog.open) dialog.close();
  }
}
