/** What every page loads: htmx for lists, menus, keyboard, forms. */

import "htmx.org";
import { startForms } from "./form/island";
import { startKeyboard } from "./page/keyboard";
import { startMenus } from "./page/menus";
import { startSendOnce } from "./page/once";

startMenus();
startKeyboard();
startForms();
startSendOnce();
document.documentElement.dataset.ready = "yes";
