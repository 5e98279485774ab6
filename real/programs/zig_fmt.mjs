export const about = {
  title: "zig fmt formats Zig",
  language: "Zig",
  packages: ["@wasm-fmt/zig_fmt"],
};

const SMALL = 'const std=@import("std");\npub fn main()void{ var x:u32=5;x+=1; std.debug.print("{d}\\n",.{x}); }\n';
const LARGE = `//! Badly formatted.
const std = @import( "std" ) ;
pub const E=error{A,B,}; const P=packed struct(u8){a:u3,b:u5=2,
  pub fn f(self:*const @This(),comptime T:type,x:?T)E!T{ return x orelse E.A; } };
const U=union(enum){ a:i32,b:[]const u8,c,};
test "t" { const a=[_]u8{1,2,3}; for(a,0..)|v,i|{ if(v==2)continue else std.debug.assert(i<3); }
 var k:usize=0; while(k<10):(k+=1){ switch(k){ 0...3=>{}, 4,5=>break, else=>|n|{ _=n; }, } }
 const r=blk:{ break :blk @as(u8,@truncate(k))&0xf|1<<2; }; _=r; defer {} errdefer |e| { _=e; }
 const s=\\\\line one
 \\\\line two
 ; _=s; asm volatile ("nop" ::: .{}); _=try P.f(&.{.a=1},u8,null) catch |e| switch(e){E.A=>0,else=>unreachable}; }
`;

async function format(host, sources) {
  const zig = await host.load("@wasm-fmt/zig_fmt");
  await zig.default();
  return [...sources, "const x = ;", ""].map((source) => {
    try {
      return zig.format(source);
    } catch (error) {
      return `${error.message ?? error}`;
    }
  });
}

export const short = (host) => format(host, [SMALL]);
export const long = (host) => format(host, [SMALL, LARGE]);
