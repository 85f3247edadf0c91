/** What every page loads: htmx for lists, menus, keyboard, forms. */

import "htmx.org";
import { startBulkFields } from "./form/bulk";
import { startFiles } from "./form/files";
import { startForms } from "./form/island";
import { startLocating } from "./form/locate";
import { wireRichTexts } from "./form/rich";
import { startScanning } from "./form/scan";
import { startDeciding } from "./page/deciding";
import { startKeyboard } from "./page/keyboard";
import { startMenus } from "./page/menus";
import { startPicking } from "./page/picking";
import { startSendOnce } from "./page/once";
import { startSearch } from "./page/search";

startMenus();
startKeyboard();
startForms();
startFiles();
wireRichTexts(document);
startLocating();
startScanning();
startSendOnce();
startSearch();
startPicking();
startBulkFields();
startDeciding();
// What is wrong comes first: the summary of problems takes the focus.
document.getElementById("problems")?.focus();
document.documentElement.dataset.ready = "yes";
