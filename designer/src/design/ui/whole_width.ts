/** While a component is shown that needs the width of the options and has none, they are away. */

import { useLayoutEffect } from "react";

export function useWholeWidth(): void {
  useLayoutEffect(() => {
    const studio = document.querySelector<HTMLElement>(".studio");
    // An attribute, not `:has()`: above everything that would style everything anew with each part that comes.
    studio?.setAttribute("data-whole", "");
    return () => studio?.removeAttribute("data-whole");
  }, []);
}
