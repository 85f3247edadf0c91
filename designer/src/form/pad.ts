/** A field to sign in: with a finger, a pen or the mouse; what is drawn becomes a PNG image. */

import { one } from "../page/dom";

type Taken = (drawn: File) => void;

const INK = "#14213d";
const PAPER = "#ffffff";
const THIN = 1.6;
const THICK = 3.4;

const takers = new WeakMap<HTMLElement, () => void>();

/** Wire a pad; `taken` gets the image. */
export function startPad(pad: HTMLElement, taken: Taken): void {
  const canvas = one(pad, "canvas", HTMLCanvasElement);
  const brush = canvas?.getContext("2d") ?? null;
  if (canvas === null || brush === null) return;
  pad.hidden = false;
  let last: { x: number; y: number } | null = null;

  const clear = (): void => {
    brush.fillStyle = PAPER;
    brush.fillRect(0, 0, canvas.width, canvas.height);
    delete pad.dataset.drawn;
  };
  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    const across = canvas.width / box.width;
    const down = canvas.height / box.height;
    return { x: (event.clientX - box.left) * across, y: (event.clientY - box.top) * down };
  };
  const stroke = (event: PointerEvent): void => {
    if (last === null) return;
    const next = place(event);
    const pressure = event.pressure > 0 ? event.pressure : 0.5;
    brush.strokeStyle = INK;
    brush.lineCap = "round";
    brush.lineWidth = THIN + (THICK - THIN) * pressure;
    brush.beginPath();
    brush.moveTo(last.x, last.y);
    brush.lineTo(next.x, next.y);
    brush.stroke();
    last = next;
    pad.dataset.drawn = "";
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", stroke);
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, () => {
      last = null;
    });
  }
  const take = (): void => {
    if (pad.dataset.drawn === undefined || pad.dataset.taking !== undefined) return;
    pad.dataset.taking = "";
    canvas.toBlob((image) => {
      delete pad.dataset.taking;
      if (image === null) return;
      clear();
      taken(new File([image], "signature.png", { type: "image/png" }));
    }, "image/png");
  };
  one(pad, "[data-pad-clear]", HTMLButtonElement)?.addEventListener("click", clear);
  one(pad, "[data-pad-take]", HTMLButtonElement)?.addEventListener("click", take);
  takers.set(pad, take);
  clear();
}

/** Take what was drawn on a pad and not yet taken. */
export function takeDrawn(pad: HTMLElement): void {
  takers.get(pad)?.();
}
