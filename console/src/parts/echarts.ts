/** The pieces of ECharts that are used, in a chunk of their own that is loaded with the first chart. */
import { BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { AriaComponent, DatasetComponent, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, registerTheme, use as register } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { chartTheme } from "@/theme";

register([
  LineChart, BarChart, ScatterChart, HeatmapChart, GraphChart, CustomChart, GridComponent, TooltipComponent, MarkLineComponent, MarkAreaComponent,
  DatasetComponent, VisualMapComponent, AriaComponent, LabelLayout, SVGRenderer, CanvasRenderer,
]);
registerTheme("light", chartTheme("light"));
registerTheme("dark", chartTheme("dark"));

export { init };
