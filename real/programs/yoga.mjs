export const about = {
  title: "Yoga lays out boxes",
  language: "C++, Emscripten, embind",
  packages: ["yoga-layout"],
};

async function layOut(host, children) {
  const yoga = (await host.load("yoga-layout")).default;
  const config = yoga.Config.create();
  config.setPointScaleFactor(2);
  const root = yoga.Node.create(config);
  root.setWidth(500);
  root.setHeight(300);
  root.setFlexDirection(yoga.FLEX_DIRECTION_ROW);
  root.setFlexWrap(yoga.WRAP_WRAP);
  root.setJustifyContent(yoga.JUSTIFY_SPACE_AROUND);
  root.setAlignItems(yoga.ALIGN_CENTER);
  root.setPadding(yoga.EDGE_ALL, 7.5);
  for (let k = 0; k < children; k++) {
    const child = yoga.Node.create(config);
    if (k % 3 === 0) child.setWidthPercent(20 + k);
    else child.setFlexGrow(k / 4);
    child.setMinHeight(20 + 3 * k);
    child.setMargin(yoga.EDGE_LEFT, k);
    if (k % 4 === 1) child.setPositionType(yoga.POSITION_TYPE_ABSOLUTE);
    if (k % 4 === 2) {
      // a function in JavaScript, called while boxes are laid out
      child.setMeasureFunc((width, mode) => ({
        width: mode === yoga.MEASURE_MODE_EXACTLY ? width : 33.3,
        height: 11 * k,
      }));
    } else {
      const inner = yoga.Node.create(config);
      inner.setAspectRatio(1.5);
      inner.setHeightPercent(50);
      child.insertChild(inner, 0);
    }
    root.insertChild(child, k);
  }
  const boxes = [];
  for (const direction of [yoga.DIRECTION_LTR, yoga.DIRECTION_RTL]) {
    root.calculateLayout(undefined, undefined, direction);
    for (let k = 0; k < children; k++) boxes.push(root.getChild(k).getComputedLayout());
  }
  root.freeRecursive();
  return boxes;
}

export const short = (host) => layOut(host, 4);
export const long = (host) => layOut(host, 13);
