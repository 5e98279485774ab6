export const about = {
  title: "dart format formats Dart",
  language: "Dart, dart2wasm: garbage collection",
  packages: ["@wasm-fmt/dart_fmt"],
  // garbage collection, exceptions, builtins for strings
  node: 25,
};

const SMALL = "import 'dart:io';\nvoid main( ) {var x=[1,2 ,3];for(final i in x){print('\\$i is ${i+1}');}}\n";
const LARGE = `library l; import 'a.dart' show A,B hide C; part 'p.dart';
@deprecated abstract class K<T extends Comparable<T>> extends A with M implements I { final int a,b; static const c=1.5e3; K(this.a,{required this.b}):assert(a>0),super();
 factory K.named(T t)=>throw UnimplementedError(); T get g; set s(covariant num v){_v=v;} operator ==(Object o)=>o is K&&o.a==a; Future<void> f() async{ await for(var x in y()){ if(x case {'k':[int q,...]} when q>0){continue;} else {break;} } } }
enum E{one(1),two(2);const E(this.n);final int n;} extension X on String{int get l=>length;} typedef F<S>=S Function(int,{String? s}); mixin M on A{} sealed class Q{} 
Stream<int> y()async*{ yield* z; yield 1; } Iterable<int> w()sync*{ try{ yield 2; }on FormatException catch(e,st){ rethrow; }finally{ print("a\\n"'b'"""c"""); } }
var r=switch(v){ 1||2=>'x', >=3 && <9=>'y', _=>'z'}; const m=<String,List<int>>{'k':[1,if(true)2,...?n,for(var i=0;i<3;i++)i]}; void main(){ final (a,:b)=(1,b:2); a?..b()..c=1; l: do{ x??=y>>>1; } while(!x!.isEven&&x as int!=3); // comment
/* block */ assert(x,'m'); return; }
`;

async function format(host, sources) {
  const { format } = await host.load("@wasm-fmt/dart_fmt");
  return [...sources, "void f( {", ""].map((source) => {
    try {
      return format(source, "a.dart", { line_width: 60 });
    } catch (error) {
      return String(error.message ?? error);
    }
  });
}

export const short = (host) => format(host, [SMALL]);
export const long = (host) => format(host, [SMALL, LARGE]);
