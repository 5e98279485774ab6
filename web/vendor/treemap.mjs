// Bundled by `web.workbench.site` for the page, which has no other way to npm packages.
export { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
