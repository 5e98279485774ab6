export const about = {
  title: "gofmt formats Go",
  language: "Go, TinyGo",
  packages: ["@wasm-fmt/gofmt"],
};

const SMALL =
  'package main\nimport "fmt"\nfunc  main( ) {\n x:=[]int{1,2 ,3}\nfor i,v:=range x{ fmt.Println(i , v) }\n}\n';
const LARGE = `// Package p is badly formatted.
package p
import ("os";"fmt"
 m "math")
type (
T[K comparable, V any] struct{ a,b int \`json:"a"\`; next *T[K,V] // next one
  longer map[string][]func(int)(string,error)}
I interface{ ~int|~string; M(x ...int)(y int) }
)
const ( A=iota;B;C = 1<<iota )
var x,y = 1.5e3 , 'a' /* comment */
func (t *T[K,V])M(x ...int)(y int){ switch z:=any(x).(type){ case []int: y=len(z)
 default: goto end }
 for i:=0;i<10;i++ { if i%2==0&&i!=4||i>8 {continue}; defer func(){ recover() }() }
 select { case v,ok:=<-make(chan int):_,_=v,ok
 case <-make(chan struct{}): }
end: return -^y&^3|(2+3*4)<<1 }
func init(){ fmt.Println(m.Pi,os.Args[1:],[...]string{2:"a",0:"b"},&T[string,int]{a:1,b:2}); var f = func(a,b int)int{return a+b};_=f }
`;

async function format(host, sources) {
  const { format } = await host.load("@wasm-fmt/gofmt");
  return [...sources, "package main\nfunc {", "", "package x"].map((source) => {
    try {
      return format(source);
    } catch (error) {
      return `${error.message}`;
    }
  });
}

export const short = (host) => format(host, [SMALL]);
export const long = (host) => format(host, [SMALL, LARGE]);
