/** How the buttons of a canvas are called, in the reader's language. */

import { w } from "../../ui/words";

export function canvasLabels(): Record<string, string> {
  return {
    "controls.ariaLabel": w("flow_view"),
    "controls.zoomIn.ariaLabel": w("flow_zoom_in"),
    "controls.zoomOut.ariaLabel": w("flow_zoom_out"),
    "controls.fitView.ariaLabel": w("flow_fit"),
  };
}
