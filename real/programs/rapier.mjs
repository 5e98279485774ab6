export const about = {
  title: "Rapier lets bodies fall",
  language: "Rust, wasm-bindgen, SIMD",
  packages: ["@dimforge/rapier2d-simd-compat"],
};

async function simulate(host, bodies, steps) {
  const rapier = (await host.load("@dimforge/rapier2d-simd-compat")).default;
  await rapier.init();
  const world = new rapier.World({ x: 0, y: -9.81 });
  world.createCollider(rapier.ColliderDesc.cuboid(10, 0.1));
  const balls = [];
  for (let k = 0; k < bodies; k++) {
    const description = rapier.RigidBodyDesc.dynamic()
      .setTranslation(k * 0.3 - 1, 0.6 + k * 0.45)
      .setRotation(k * 0.3);
    const body = world.createRigidBody(description);
    const shape = k % 2 ? rapier.ColliderDesc.ball(0.3) : rapier.ColliderDesc.cuboid(0.3, 0.2);
    world.createCollider(shape.setRestitution(0.7).setDensity(1 + k), body);
    balls.push(body);
  }
  if (bodies > 2) {
    const joint = rapier.JointData.revolute({ x: 0.4, y: 0 }, { x: -0.4, y: 0 });
    world.createImpulseJoint(joint, balls[0], balls[1], true);
  }
  const places = [];
  for (let step = 0; step < steps; step++) {
    world.step();
    if (step % 5 === 4) places.push(balls.map((body) => [body.translation().x, body.translation().y, body.rotation()]));
  }
  const ray = new rapier.Ray({ x: 0, y: 5 }, { x: 0.1, y: -1 });
  places.push(world.castRay(ray, 10, true)?.timeOfImpact);
  world.free();
  return places;
}

export const short = (host) => simulate(host, 2, 10);
export const long = (host) => simulate(host, 6, 60);
