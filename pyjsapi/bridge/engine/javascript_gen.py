# Made by `make generate` from polyfill/python/engine/engine.mjs: not edited by hand.
# ruff: noqa: E501
"""The side of the bridge that the engine of JavaScript is on."""

from typing import Final

SOURCE: Final = r"""
(() => {
"use strict";var javascript=(()=>{var __defProp=Object.defineProperty;var __getOwnPropDesc=Object.getOwnPropertyDescriptor;var __getOwnPropNames=Object.getOwnPropertyNames;var __hasOwnProp=Object.prototype.hasOwnProperty;var __export=(target,all)=>{for(var name2 in all)__defProp(target,name2,{get:all[name2],enumerable:true})};var __copyProps=(to,from,except,desc)=>{if(from&&typeof from===
"object"||typeof from==="function"){for(let key of __getOwnPropNames(from))if(!__hasOwnProp.call(to,key)&&key!==except)__defProp(to,key,{get:()=>from[key],enumerable:!(desc=
__getOwnPropDesc(from,key))||desc.enumerable})}return to};var __toCommonJS=mod=>__copyProps(__defProp({},"__esModule",{value:true}),mod);var engine_exports={};__export(engine_exports,{createEngine:()=>createEngine});var namespace=globalThis.WebAssembly;var{Module,Instance,Memory,CompileError}=namespace;var{validate,compile,instantiate,compileStreaming,instantiateStreaming}=namespace;var moduleExports=Module.exports;var moduleImports=Module.imports;var customSections=Module.customSections;function attribute(prototype,name2){return Object.getOwnPropertyDescriptor(
prototype,name2)}var exportsAttribute=attribute(Instance.prototype,"exports");var PythonObject=class{constructor(ptr){this.ptr=ptr}};var LEAST=-1073741824;var MOST=1073741823;var isI31=value=>typeof value==="number"&&(value|0)===value&&value>=
LEAST&&value<=MOST&&!Object.is(value,-0);var References=class{#python;#handles;#objects=new Map;#dropped;#functions=new WeakMap;#hostFunctions=new Map;#hostDropped;#aggregates=new WeakMap;#functionType;#aggregateTypes;#callbacks;given=void 0;constructor(link,python,handles){
this.#python=python;this.#handles=handles;const forget=known=>ptr=>{if(known.get(ptr)?.deref()===void 0)known.delete(ptr);python.decref(ptr)};this.#dropped=new FinalizationRegistry(
forget(this.#objects));this.#hostDropped=new FinalizationRegistry(forget(this.#hostFunctions));this.#functionType=link.lookup("pyjsapi.runtime.function","FuncIn\
st");this.#aggregateTypes=["NativeStruct","NativeArray"].map(name2=>link.lookup("pyjsapi.bridge.engine.aggregates",name2));this.#callbacks=Object.fromEntries(["\
function_of","revived","give","aggregate_of","internal","external"].map(name2=>[name2,python.callback(name2)]))}toPython(value){const python=this.#python;if(value===
null||value===void 0)return python.incref(python.none);if(value instanceof PythonObject)return python.incref(value.ptr);if(isI31(value))return python.integer(value);
if(typeof value==="function"){const known=this.#functions.get(value);if(known!==void 0)return this.#function(known)}return this.#aggregate(value)}fromPython(ptr){
const python=this.#python;if(ptr===python.none)return null;const type=python.typeOf(ptr);if(type===this.#functionType)return this.#functionFor(ptr);if(this.#aggregateTypes.
includes(type))return this.#handles.get(python.number(ptr,"handle"));const integer=python.smallInteger(ptr);return integer!==void 0&&integer>=LEAST&&integer<=MOST?
integer:this.objectFor(ptr)}anyToPython(value){const ptr=this.toPython(value);if(!isI31(value)&&!(value instanceof PythonObject))return ptr;return this.#converted(
"internal",ptr)}anyFromPython(ptr){const external=this.#converted("external",this.#python.incref(ptr));try{return this.fromPython(external)}finally{this.#python.
decref(external)}}#converted(callback,ptr){try{return this.#made(this.#python.call(this.#callbacks[callback],ptr))}finally{this.#python.decref(ptr)}}objectFor(ptr){
const found=this.#objects.get(ptr)?.deref();if(found!==void 0)return found;this.#python.incref(ptr);const made=new PythonObject(ptr);this.#objects.set(ptr,new WeakRef(
made));this.#dropped.register(made,ptr);return made}know(f,record,index){if(!this.#functions.has(f))this.#functions.set(f,{record,index})}hostFunction(ptr){return this.#hostFunctions.
get(ptr)?.deref()}knowHostFunction(f,ptr){this.#python.incref(ptr);this.#hostFunctions.set(ptr,new WeakRef(f));this.#hostDropped.register(f,ptr);this.#functions.
set(f,{ptr})}#function({ptr,record,index}){const python=this.#python;if(ptr!==void 0)return python.incref(ptr);if(record.number!==0)return this.#made(python.callWith(
this.#callbacks.function_of,[record.number,index]));record.number=this.#handles.put(record);return this.#made(python.callWith(this.#callbacks.revived,[record.number,
index],record.shape))}#functionFor(ptr){const known=this.hostFunction(ptr);if(known!==void 0)return known;this.#python.decref(this.#made(this.#python.call(this.#callbacks.
give,ptr)));const{given}=this;this.given=void 0;return given}#aggregate(value){let number=this.#aggregates.get(value);if(number===void 0||this.#handles.get(number)!==
value){number=this.#handles.put(value);this.#aggregates.set(value,number)}return this.#made(this.#python.callWith(this.#callbacks.aggregate_of,[number]))}#made(ptr){
if(ptr===0)throw this.thrown();return ptr}thrown=()=>new Error("an exception is set")};var[OTHER,TRAP,EXHAUSTED,LINK]=[0,1,2,3];var hasLimit=Object.getOwnPropertyDescriptor(Error,"stackTraceLimit")?.writable===true;var Failures=class{#python;#references;#handles;#carried=new WeakMap;#exhausted=new WeakSet;#standing=new Map;#dropped;#exceptionType;#callbacks;made=void 0;constructor(link,python,references,handles){
this.#python=python;this.#references=references;this.#handles=handles;this.#dropped=new FinalizationRegistry(ptr=>{if(this.#standing.get(ptr)?.deref()===void 0)
this.#standing.delete(ptr);python.decref(ptr)});this.#exceptionType=link.lookup("pyjsapi.runtime.exception","ExnInst");this.#callbacks=Object.fromEntries(["stan\
ding_for","make_exception","exception_of","explained","thrown"].map(name2=>[name2,python.callback(name2)]));references.thrown=()=>this.thrown()}thrown(){const ptr=this.#python.
takeError();const known=this.#standing.get(ptr)?.deref();if(known!==void 0){this.#python.decref(ptr);return known}const standing=this.#python.call(this.#callbacks.
standing_for,ptr);if(standing===0){this.#python.decref(this.#python.takeError());this.#python.decref(ptr);const trap=this.#trap();this.#exhausted.add(trap);return trap}
if(standing===this.#python.none){this.#python.decref(standing);return this.#carry(this.#trap(),ptr)}if(this.#python.typeOf(standing)===this.#exceptionType)return this.#tagged(
ptr,standing);try{return this.#references.fromPython(this.#python.firstOf(standing))}finally{this.#python.decref(standing);this.#python.decref(ptr)}}#tagged(ptr,exn){
let exception=this.#standing.get(exn)?.deref();if(exception===void 0){const done=this.#python.call(this.#callbacks.make_exception,exn);if(done===0){this.#python.
decref(ptr);this.#python.decref(exn);return this.thrown()}this.#python.decref(done);exception=this.made;this.made=void 0;this.#carry(exception,this.#python.incref(
exn))}this.#carried.set(exception,ptr);this.#dropped.register(exception,ptr);this.#python.decref(exn);return exception}#trap(){const restore=withoutTraces();try{
return this.#python.trap()}catch(error){return error}finally{restore()}}#carry(object,ptr){this.#carried.set(object,ptr);this.#standing.set(ptr,new WeakRef(object));
this.#dropped.register(object,ptr);return object}failed(error){try{const ptr=this.#exception(error);if(ptr!==0)this.#python.raise(ptr)}catch{this.#python.raiseExhausted()}
return 0}#exception(error){const python=this.#python;const isObject=(typeof error==="object"||typeof error==="function")&&error!==null;const known=isObject?this.#carried.
get(error):void 0;if(known!==void 0)return python.incref(known);if(error instanceof PythonObject)return python.call(this.#callbacks.thrown,error.ptr);if(namespace.
Exception!==void 0&&error instanceof namespace.Exception){const ptr2=python.callWith(this.#callbacks.exception_of,[this.#handles.put(error)]);if(ptr2!==0)this.#carry(
error,python.incref(ptr2));return ptr2}if(isObject&&this.#exhausted.has(error)){return python.callWith(this.#callbacks.explained,[EXHAUSTED,"call stack"])}const kind=kindOf(
error);if(kind===OTHER&&!(error instanceof Error)){const reference=this.#references.toPython(error);try{return python.call(this.#callbacks.thrown,reference)}finally{
python.decref(reference)}}const ptr=python.callWith(this.#callbacks.explained,[kind,String(error?.message??error)]);if(ptr!==0&&isObject)this.#carry(error,python.
incref(ptr));return ptr}};function kindOf(error){if(error instanceof namespace.RuntimeError)return TRAP;if(error instanceof RangeError||error?.name==="InternalE\
rror")return EXHAUSTED;return error instanceof namespace.LinkError?LINK:OTHER}var hostLimit;function withoutTraces(){if(!hasLimit)return()=>{};const before=hostLimit;
hostLimit=Error.stackTraceLimit;Error.stackTraceLimit=0;return()=>{Error.stackTraceLimit=hostLimit;hostLimit=before}}function native(run){if(!hasLimit)return run();
const before=hostLimit;hostLimit=Error.stackTraceLimit;Error.stackTraceLimit=0;try{return run()}finally{Error.stackTraceLimit=hostLimit;hostLimit=before}}function leaveNative(){
if(hasLimit)Error.stackTraceLimit=hostLimit}function enterNative(){if(!hasLimit)return;hostLimit=Error.stackTraceLimit;Error.stackTraceLimit=0}var TYPES={i:127,I:126,f:125,d:124};var[TYPE,IMPORT,FUNCTION,GLOBAL,EXPORT,CODE]=[1,2,3,6,7,10];var END=11;function unsigned(number){return number<128?[number]:
[number&127|128,...unsigned(number>>>7)]}function signed(number){const low=number&127;const rest=number>>7;return rest===0&&low<64||rest===-1&&low>=64?[low]:[low|
128,...signed(rest)]}var sized=bytes=>[...unsigned(bytes.length),...bytes];var vector=items=>[...unsigned(items.length),...items.flat()];var section=(id,items)=>items.
length?[id,...sized(vector(items))]:[];var name=text=>sized([...text].map(character=>character.charCodeAt(0)));var types=letters=>vector([...letters].map(letter=>[
TYPES[letter]]));var op={unreachable:[0],if:[4,64],end:[END],return:[15],drop:[26],eqz:[69],gt_u:[75],add:[106],call:index=>[16,...unsigned(index)],get:index=>[
32,...unsigned(index)],set:index=>[33,...unsigned(index)],tee:index=>[34,...unsigned(index)],getGlobal:index=>[35,...unsigned(index)],setGlobal:index=>[36,...unsigned(
index)],load:offset=>[40,2,...unsigned(offset)],store:offset=>[54,2,...unsigned(offset)],i32:value=>[65,...signed(value)]};var ZEROS={i:[65,0],I:[66,0],f:[67,0,
0,0,0],d:[68,0,0,0,0,0,0,0,0]};var Builder=class{#types=[];#imports=[];#functions=[];#globals=[];#exports=[];#bodies=[];#functionCount=0;#globalCount=0;#type(params,results){
const text=`${params}>${results}`;const found=this.#types.indexOf(text);return found>=0?found:this.#types.push(text)-1}#import(moduleName,itemName,description){
this.#imports.push([...name(moduleName),...name(itemName),...description])}importFunction(moduleName,itemName,params,results){this.#import(moduleName,itemName,[
0,...unsigned(this.#type(params,results))]);return this.#functionCount++}importMemory(moduleName,itemName){this.#import(moduleName,itemName,[2,0,0])}importGlobal(moduleName,itemName,letter,mutable){
this.#import(moduleName,itemName,[3,TYPES[letter],mutable?1:0]);return this.#globalCount++}global(letter){this.#globals.push([TYPES[letter],1,...ZEROS[letter],END]);
return this.#globalCount++}function(exportName,params,results,locals,body){const index=this.#functionCount++;this.#functions.push(unsigned(this.#type(params,results)));
this.#exports.push([...name(exportName),0,...unsigned(index)]);const declared=vector([...locals].map(letter=>[1,TYPES[letter]]));this.#bodies.push(sized([...declared,
...body.flat(),END]));return index}bytes(){const signatures=this.#types.map(text=>{const[params,results]=text.split(">");return[96,...types(params),...types(results)]});
return Uint8Array.from([...[0,97,115,109,1,0,0,0],...section(TYPE,signatures),...section(IMPORT,this.#imports),...section(FUNCTION,this.#functions),...section(GLOBAL,
this.#globals),...section(EXPORT,this.#exports),...section(CODE,this.#bodies)])}};var OFFSET=2147483648;function conversions(builder){const python=(name2,params,results)=>builder.importFunction("python",name2,params,results);builder.importMemory(
"python","memory");return{as:{i:python("asU32","i","i"),I:python("asU64","i","I"),f:python("asF32","i","f"),d:python("asF64","i","d")},from:{i:python("fromU32",
"i","i"),I:python("fromU64","I","i"),f:python("fromF32","f","i"),d:python("fromF64","d","i")}}}function callModule(params,results){const builder=new Builder;const{
as,from}=conversions(builder);const newTuple=builder.importFunction("python","newTuple","i","i");const setItem=builder.importFunction("python","setItem","iii","\
i");const enter=builder.importFunction("javascript","enter","","i");const native2=builder.importFunction("native","function",params,results);const none=builder.
importGlobal("python","none","i",false);const top=builder.importGlobal("python","top","i",true);const given=[...params].map(letter=>builder.global(letter));const got=[
...results].map(letter=>builder.global(letter));builder.function("run","","","",[...given.map(op.getGlobal),op.call(native2),...got.toReversed().map(op.setGlobal)]);
const[ARGS,TOP,TUPLE]=[1,3,4];const boxed=[...results].map((letter,k)=>[...op.getGlobal(got[k]),...op.call(from[letter])]);const box=boxed.length===0?[op.getGlobal(
none)]:boxed;const several=[...[op.i32(boxed.length),op.call(newTuple),op.tee(TUPLE),op.eqz,op.if,op.i32(0),op.return,op.end],...boxed.flatMap((value,k)=>[op.get(
TUPLE),op.i32(k),value,op.call(setItem),op.drop]),op.get(TUPLE)];builder.function("call","iii","i","ii",[...[...params].flatMap((letter,k)=>[op.get(ARGS),op.load(
4*k),op.call(as[letter]),op.setGlobal(given[k])]),...[op.getGlobal(top),op.set(TOP)],...[op.call(enter),op.eqz,op.if,op.get(TOP),op.setGlobal(top),op.i32(0),op.
return,op.end],...boxed.length>1?several:box]);return builder.bytes()}function hostModule(params,results){const builder=new Builder;const{as,from}=conversions(builder);
const getItem=builder.importFunction("python","getItem","ii","i");const vectorcall=builder.importFunction("python","vectorcall","iiii","i");const decref=builder.
importFunction("python","decref","i","");const[before,after,raise,overflow]=["before","after","raise","overflow"].map(name2=>builder.importFunction("javascript",
name2,"",""));const callee=builder.importGlobal("python","callee","i",false);const end=builder.importGlobal("python","end","i",false);const top=builder.importGlobal(
"python","top","i",true);const count=params.length;const[TOP,RESULT,FIRST]=[count,count+1,count+2];const place=k=>4*k+4;const item=k=>results.length===1?[]:[op.
i32(k),op.call(getItem)];builder.function("host",params,results,`ii${results}`,[...[op.getGlobal(top),op.tee(TOP),op.getGlobal(end),op.gt_u,op.if,op.call(overflow),
op.end],op.call(before),...[op.get(TOP),op.i32(place(count)),op.add,op.setGlobal(top)],...[...params].flatMap((letter,k)=>[op.get(TOP),op.get(k),op.call(from[letter]),
op.store(place(k))]),...[op.getGlobal(callee),op.get(TOP),op.i32(place(0)),op.add,op.i32((count|OFFSET)>>0),op.i32(0)],...[op.call(vectorcall),op.set(RESULT)],...[
...params].flatMap((_,k)=>[op.get(TOP),op.load(place(k)),op.call(decref)]),...[op.get(TOP),op.setGlobal(top),op.call(after)],...[op.get(RESULT),op.eqz,op.if,op.
call(raise),op.unreachable,op.end],...[...results].flatMap((letter,k)=>[op.get(RESULT),...item(k),op.call(as[letter]),op.set(FIRST+k)]),...[op.get(RESULT),op.call(
decref)],...[...results].map((_,k)=>op.get(FIRST+k))]);return builder.bytes()}var FRAME=4*1e3+4;var STACK_BYTES=1<<18;var compiled=new Map;function moduleFor(kind,make,params,results){const key=`${kind} ${params}>${results}`;let found=compiled.get(key);if(found===
void 0){found=new namespace.Module(make(params,results));compiled.set(key,found)}return found}var Calls=class{#link;#python;#failures;#values;#top;#end;#suspended=[];#calls=new Map;#nextCall=1;#spare=[];#gone;#anchor;constructor(link,python,failures,values){
this.#link=link;this.#python=python;this.#failures=failures;this.#values=values;const start=link.module._malloc(STACK_BYTES);this.#top=new namespace.Global({value:"\
i32",mutable:true},start);this.#end=new namespace.Global({value:"i32"},start+STACK_BYTES-FRAME);this.#anchor=link.lookup("pyjsapi.bridge.engine.hooks","CallAnch\
or");const gone=()=>{python.raiseExhausted();return 0};this.#gone=link.slots.take(link.newDispatcher(gone))}get count(){return this.#calls.size}builtin(f,params,results){
let inner;const enter=()=>{try{native(inner);return 1}catch(error){return this.#failures.failed(error)}};const{call,run}=new namespace.Instance(moduleFor("call",
callModule,params,results),{python:{...this.#python.imports,top:this.#top},javascript:{enter},native:{function:f}}).exports;inner=run;return this.#newBuiltin(call)}anyBuiltin(f,params,results){
const give=this.#values.results(results);const takes=[...params].map(letter=>this.#values.fromPython[letter]);return this.#link.import((...ptrs)=>{try{const values=takes.
map((take,k)=>take(ptrs[k]));return give(this.run(()=>f(...values)))}catch(error){return this.#failures.failed(error)}},"O".repeat(params.length),"O")}run(f){const top=this.#top.
value;try{return native(f)}catch(error){this.#top.value=top;throw error}}#newBuiltin(call){const link=this.#link;const number=this.#nextCall++;const slot=link.slots.
take(call);const definition=this.#spare.pop()??link.newDefinition("wasm",slot);link.module.HEAPU32[(definition>>>2)+1]=slot;this.#calls.set(number,{call,definition});
const self=link.newInteger(number,this.#anchor);const builtin=link.newBuiltin(definition,self);link.decref(self);return builtin}free(number){const{call,definition}=this.#calls.
get(number);this.#calls.delete(number);this.#link.module.HEAPU32[(definition>>>2)+1]=this.#gone;this.#link.slots.release(call);this.#spare.push(definition)}#before=()=>{
const{depth,suspender}=this.#link;depth.enter();this.#suspended.push(suspender.value);suspender.value=false;leaveNative()};#after=()=>{enterNative();const{depth,
suspender}=this.#link;suspender.value=this.#suspended.pop();depth.now--};#overflow=()=>{throw new RangeError("Maximum call stack size exceeded")};#raise=()=>{throw this.#failures.
thrown()};hostFunction(callee,params,results){return new namespace.Instance(moduleFor("host",hostModule,params,results),{python:{...this.#python.imports,callee:new namespace.
Global({value:"i32"},callee),top:this.#top,end:this.#end},javascript:{before:this.#before,after:this.#after,raise:this.#raise,overflow:this.#overflow}}).exports.
host}anyHostFunction(callee,params,results,forwarder){const takes=[...params].map(letter=>this.#values.toPython[letter]);const call=(...values)=>{this.#before();
let result=0;try{const ptrs=[];try{for(const[k,value]of values.entries())ptrs.push(takes[k](value));result=this.#python.call(callee,...ptrs)}finally{for(const ptr of ptrs)
this.#python.decref(ptr)}}finally{this.#after()}if(result===0)this.#raise();try{return this.#values.resultOf(result,results)}finally{this.#python.decref(result)}};
const module=new namespace.Module(forwarder);return new namespace.Instance(module,{"":{"":call}}).exports[""]}};var Handles=class{#objects=[null];#free=[];put(object){const number=this.#free.pop()??this.#objects.length;this.#objects[number]=object;return number}get(number){
return this.#objects[number]}free(number){this.#objects[number]=void 0;this.#free.push(number)}get count(){return this.#objects.length-this.#free.length-1}};var FUNCTION2="f";var wide=new WeakSet;var sized2=(object,number)=>wide.has(object)?BigInt(number):number;function orRefused(ask){try{return Number(ask())}catch{
return-1}}function limits(initial,maximum,address){const number=address==="i64"?BigInt:Number;const descriptor={initial:number(initial)};if(maximum>=0)descriptor.
maximum=number(maximum);return address==="i64"?{...descriptor,address}:descriptor}function marked(object,address){if(address==="i64")wide.add(object);return object}
function byteLength(buffer){if(buffer.byteLength>0)return buffer.byteLength;if("detached"in buffer)return buffer.detached?-1:0;try{new Uint8Array(buffer);return 0}catch{
return-1}}function defineObjects({define,quick,link,handles,references,failures,calls,values,shapes}){const get=number=>handles.get(number);let imports=[];quick(
"free","i","",number=>{const object=get(number);if(object?.shape!==void 0)object.number=0;handles.free(number)});quick("free_call","i","",number=>calls.free(number));
define("new_module","b","i",bytes=>handles.put(new namespace.Module(bytes)));define("begin_imports","","",()=>{imports=[]});define("import_handle","i","",number=>{
imports.push(get(number))});define("import_export","ii","",(number,index)=>{imports.push(exportOf(get(number),index))});define("import_given","","",()=>{imports.
push(references.given);references.given=void 0});define("import_value","sO","",(letter,ptr)=>{imports.push(values.fromPython[letter](ptr))});define("import_memo\
ry","i","",record=>{imports.push(link.memoryOf(record))});define("new_instance","iO","i",(module,shape)=>{const given=imports;imports=[];const instance=calls.run(
()=>new namespace.Instance(get(module),{"":{...given}}));const{exports}=instance;const record={number:0,shape,exports};shapes.hold(record,shape);for(const name2 of Object.
keys(exports)){if(name2[0]!==FUNCTION2)break;references.know(exports[name2],record,Number.parseInt(name2.slice(1),36))}record.number=handles.put(record);return record.
number});define("export_of","is","i",(number,name2)=>handles.put(get(number).exports[name2]));const exportOf=({exports},index)=>exports[FUNCTION2+index.toString(
36)];define("call_of","iiss","O",(number,index,params,results)=>calls.builtin(exportOf(get(number),index),params,results));define("call_any_of","iiss","O",(number,index,params,results)=>calls.
anyBuiltin(exportOf(get(number),index),params,results));define("give_export","ii","",(number,index)=>{references.given=exportOf(get(number),index)});define("giv\
e_known","O","i",func=>{references.given=references.hostFunction(func);return references.given===void 0?0:1});const give=(func,callee,f)=>{shapes.hold(f,callee);
references.knowHostFunction(f,func);references.given=f};define("give_host","OOss","",(func,callee,params,results)=>give(func,callee,calls.hostFunction(callee,params,
results)));define("give_any_host","OOssb","",(func,callee,params,results,forwarder)=>give(func,callee,calls.anyHostFunction(callee,params,results,forwarder)));define(
"new_memory","dds","i",(initial,maximum,address)=>handles.put(marked(new namespace.Memory(limits(initial,maximum,address)),address)));define("mark_wide","i","",
number=>{wide.add(get(number))});define("record_of","is","i",(number,address)=>link.recordOf(get(number),address));define("grow_memory","id","d",(number,delta)=>{
const memory=get(number);return orRefused(()=>memory.grow(sized2(memory,delta)))});define("buffer_of","i","i",number=>handles.put(get(number).buffer));define("i\
s_buffer_of","ii","i",(number,buffer)=>get(number).buffer===get(buffer)?1:0);define("can_be_resizable","","i",()=>"toResizableBuffer"in namespace.Memory.prototype?
1:0);define("resizable_buffer","ii","",(number,on)=>{const memory=get(number);if(on)memory.toResizableBuffer();else memory.toFixedLengthBuffer()});define("resiz\
e_buffer","id","i",(number,length)=>orRefused(()=>get(number).resize(length)??0));define("most_of_buffer","i","d",number=>get(number).resizable?get(number).maxByteLength:
-1);quick("length_of_buffer","i","d",number=>byteLength(get(number)));define("read_buffer","idd","b",(number,start,count)=>new Uint8Array(get(number),start,count));
define("write_buffer","idO","",(number,start,bytes)=>{const{module}=link;const address=module._PyBytes_AsString(bytes)>>>0;const source=module.HEAPU8.subarray(address,
address+module._PyBytes_Size(bytes));new Uint8Array(get(number)).set(source,start)});define("new_table","sdds","i",(element,initial,maximum,address)=>{const descriptor={
element,...limits(initial,maximum,address)};return handles.put(marked(new namespace.Table(descriptor,null),address))});define("table_size","i","d",number=>Number(
get(number).length));define("get_element","ids","O",(number,index,letter)=>{const table=get(number);return values.toPython[letter](table.get(sized2(table,index)))});
define("set_element","idsO","",(number,index,letter,ptr)=>{const table=get(number);table.set(sized2(table,index),values.fromPython[letter](ptr))});define("grow_\
table","idsO","d",(number,delta,letter,ptr)=>{const table=get(number);const value=values.fromPython[letter](ptr);return orRefused(()=>table.grow(sized2(table,delta),
value))});define("new_global","sisO","i",(value,mutable,letter,ptr)=>{const descriptor={value,mutable:mutable!==0};return handles.put(new namespace.Global(descriptor,
values.fromPython[letter](ptr)))});define("get_global","is","O",(number,letter)=>values.toPython[letter](get(number).value));define("set_global","isO","",(number,letter,ptr)=>{
get(number).value=values.fromPython[letter](ptr)});const parameters=text=>text?text.split(" "):[];const{Tag,Exception,JSTag}=namespace;define("has_tags","","i",
()=>Tag===void 0?0:1);define("new_tag","s","i",types2=>handles.put(new Tag({parameters:parameters(types2)})));define("javascript_tag","","i",()=>JSTag===void 0?
0:handles.put(JSTag));define("new_exception","isO","",(tag,letters,payload)=>{failures.made=new Exception(get(tag),values.list(letters,payload))});define("is_of\
_tag","ii","i",(exception,tag)=>get(exception).is(get(tag))?1:0);define("payload_of","iis","O",(exception,tag,letters)=>{const found=[...letters].map((_,k)=>get(
exception).getArg(get(tag),k));return values.tuple(letters,found)})}var fromBase64=text=>Uint8Array.from(atob(text),character=>character.charCodeAt(0));var crossing="AGFzbQEAAAABGAVgAX8BfGABfAF/YAF9AX9gAX8BfWAAAAI3AgZweXRob24QUHlGbG9hdF9Bc0RvdWJsZQAABnB5dGhvbhJQeUZsb2F0X0Zyb21Eb3VibGUAAQMEAwIDBAcaAwdmcm9tRjMyAA\
IFYXNGMzIAAwR0cmFwAAQKlAEDQAEBfyAAIABbBEAgALsQAQ8LIAC8IQEgAUGAgICAeHGtQiCGQoCAgICAgID4/wCEIAFB////A3GtQh2GhL8QAQtNAwF8AX4BfyAAEAAhASABIAFhBEAgAbYPCyABvSECIAJCHY\
inQf///wNxIQMgAkIgiKdBgICAgHhxQYCAgPwHciADQYCAgAIgAxtyvgsDAAAL";var SURROGATES="surrogatepass";var LITTLE_ENDIAN=-1;function boxString(module,text){const{length}=text;const errors=cString(module,SURROGATES);const order=2*length+3&~3;const place=module._malloc(
order+4);if(place===0)throw new RangeError(`cannot allocate a string of ${length} code units in Python`);const units=module.HEAPU16;const start=place>>>1;for(let i=0;i<
length;i++)units[start+i]=text.charCodeAt(i);module.HEAP32[place+order>>>2]=LITTLE_ENDIAN;const ptr=module._PyUnicode_DecodeUTF16(place,2*length,errors,place+order);
module._free(place);if(ptr===0){module._PyErr_Clear();throw new RangeError(`cannot allocate a string of ${length} code units in Python`)}return ptr}var cStrings=new WeakMap;function cString(module,text){let known=cStrings.get(module);if(!known){known=new Map;cStrings.set(module,known)}let address=known.get(
text);if(address===void 0){const bytes=new TextEncoder().encode(`${text}\0`);address=module._malloc(bytes.length);module.HEAPU8.set(bytes,address);known.set(text,
address)}return address}var OFFSET2=2147483648|0;var CALLBACKS="pyjsapi.bridge.engine.callbacks";var REQUIRED=["_PyLong_AsLongAndOverflow"];var Python=class{#link;#module;#overflow;#hooks;#intType;constructor(link){
const{module}=link;this.#link=link;this.#module=module;this.#overflow=module._malloc(4);this.#hooks=link.lookup("pyjsapi.bridge.engine.hooks","HOOKS");this.#intType=
link.lookup("builtins","int");this.none=link.none;const names={PyFloat_AsDouble:module._PyFloat_AsDouble,PyFloat_FromDouble:module._PyFloat_FromDouble};const{asF32,
fromF32,trap}=new namespace.Instance(new namespace.Module(fromBase64(crossing)),{python:names}).exports;this.trap=trap;const{asU32,asU64,asF64,fromU32,fromU64,fromF64}=link.
python;this.imports={...{asU32,asU64,asF32,asF64,fromU32,fromU64,fromF32,fromF64},memory:module.memory,newTuple:module._PyTuple_New,setItem:module._PyTuple_SetItem,
getItem:module._PyTuple_GetItem,vectorcall:module._PyObject_Vectorcall,decref:module._Py_DecRef,none:new namespace.Global({value:"i32"},link.none)}}incref(ptr){
this.#module._Py_IncRef(ptr);return ptr}decref(ptr){this.#module._Py_DecRef(ptr)}typeOf(ptr){const type=this.#module._PyObject_Type(ptr);this.#module._Py_DecRef(
type);return type}callback(name2){return this.#link.lookup(CALLBACKS,name2)}call(callable,...args){const{stack,depth}=this.#link;depth.enter();const{top}=stack;
try{const at=stack.push(args.length+1)+1;this.#module.HEAPU32.set(args,at);return this.#module._PyObject_Vectorcall(callable,at<<2,args.length|OFFSET2,0)}finally{
stack.top=top;depth.now--}}callWith(callable,values,...args){const boxed=values.map(value=>typeof value==="string"?this.text(value):this.integer(value));try{return this.
call(callable,...boxed,...args)}finally{for(const ptr of boxed)this.decref(ptr)}}text(value){return boxString(this.#module,value)}integer(value){return this.#module.
_PyLong_FromLong(value)}smallInteger(ptr){if(this.typeOf(ptr)!==this.#intType)return void 0;const value=this.#module._PyLong_AsLongAndOverflow(ptr,this.#overflow);
return this.#module.HEAP32[this.#overflow>>>2]===0?value:void 0}number(ptr,attribute2){const found=this.#module._PyObject_GetAttrString(ptr,cString(this.#module,
attribute2));const value=this.#module._PyLong_AsLong(found);this.decref(found);return value}firstOf(tuple){return this.#module._PyTuple_GetItem(tuple,0)}takeError(){
return this.#module._PyErr_GetRaisedException()}raise(ptr){this.#module._PyErr_SetRaisedException(ptr)}raiseExhausted(){this.#module._PyErr_SetNone(this.#link.objects.
RecursionError)}hook(name2,f,params,result){const builtin=this.#link.import(f,params,result);this.#module._PyDict_SetItemString(this.#hooks,cString(this.#module,
name2),builtin);this.decref(builtin)}};var Values=class{#module;#python;constructor(link,python,references){this.#module=link.module;this.#python=python;const{asU32,asU64,asF64,fromU32,fromU64,fromF64}=link.
python;this.fromPython={i:ptr=>asU32(ptr)|0,I:ptr=>BigInt.asIntN(64,asU64(ptr)),f:asF64,d:asF64,r:ptr=>references.fromPython(ptr),F:ptr=>references.fromPython(ptr),
A:ptr=>references.anyFromPython(ptr)};this.toPython={i:value=>fromU32(value>>>0),I:value=>fromU64(BigInt.asUintN(64,value)),f:fromF64,d:fromF64,r:value=>references.
toPython(value),F:value=>references.toPython(value),A:value=>references.anyToPython(value)}}results(letters){if(letters.length===0)return()=>this.#python.incref(
this.#python.none);if(letters.length===1)return this.toPython[letters];return values=>this.tuple(letters,values)}tuple(letters,values){const tuple=this.#module.
_PyTuple_New(letters.length);try{for(const[k,letter]of[...letters].entries()){this.#module._PyTuple_SetItem(tuple,k,this.toPython[letter](values[k]))}}catch(error){
this.#python.decref(tuple);throw error}return tuple}resultOf(ptr,letters){if(letters.length===0)return void 0;return letters.length===1?this.fromPython[letters](
ptr):this.list(letters,ptr)}list(letters,ptr){return[...letters].map((letter,k)=>this.fromPython[letter](this.#module._PyTuple_GetItem(ptr,k)))}};var Shapes=class{#dropped;#python;constructor(python){this.#python=python;this.#dropped=new FinalizationRegistry(ptr=>python.decref(ptr))}hold(object,ptr){this.#dropped.
register(object,this.#python.incref(ptr))}};function createEngine(link){const absent=REQUIRED.filter(name2=>link.kind==="native"&&typeof link.module[name2]!=="f\
unction");if(absent.length)return{missing:`Pyodide ${link.pyodide.version} lacks ${absent.join(", ")}`};if(link.kind!=="native"){return{missing:"the functions o\
f the interpreter cannot be called directly in this Pyodide"}}const python=new Python(link);const handles=new Handles;const references=new References(link,python,
handles);const failures=new Failures(link,python,references,handles);const values=new Values(link,python,references);const calls=new Calls(link,python,failures,
values);const shapes=new Shapes(python);const{fromF64}=link.python;const boxes={"":()=>python.incref(python.none),i:value=>python.integer(value),d:value=>fromF64(
value),b:value=>link.conversion("b").box(value),O:ptr=>ptr};const define=(name2,params,result,f)=>{const takes=[...params].map(letter=>link.conversion(letter).unbox);
const box=boxes[result];const called=(...ptrs)=>{try{return box(f(...takes.map((take,k)=>take(ptrs[k]))))}catch(error){return failures.failed(error)}};python.hook(
name2,called,"O".repeat(params.length),"O")};const quick=(name2,params,result,f)=>python.hook(name2,f,params,result);defineObjects({define,quick,link,handles,references,
failures,calls,values,shapes});define("held","","i",()=>handles.count);define("held_calls","","i",()=>calls.count);return{missing:"",objectOf:number=>handles.get(
number)}}return __toCommonJS(engine_exports);})();
return javascript;
})()
"""
