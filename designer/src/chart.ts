/** Draws the charts of a page that came with their numbers. */

import { drawCharts } from "./page/charts";

drawCharts(document);
