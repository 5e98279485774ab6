// Made by `make generate` from polyfill/python/webassembly.idl: not edited by hand.
/** The WebAssembly JavaScript API, as the namespaces of this package have it. */
export declare namespace WebAssembly {
  /** A buffer source; it may be shared, and resizable. */
  type Bytes = ArrayBufferLike | ArrayBufferView;
  /** An exported function, Global, Memory, Table or Tag, by name. */
  type Exports = Record<string, any>;
  /** What a module imports, by the name of the module, then by its own. */
  type Imports = Record<string, any>;

  type ImportExportKind = "function" | "table" | "memory" | "global" | "tag";
  type AddressType = "i32" | "i64";
  type TableKind = "anyfunc" | "externref";
  type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "anyfunc" | "externref";
  type MemoryAccess = "none" | "r" | "rw";
  type MapMode = "rw" | "r";

  interface WebAssemblyCompileOptions {
    builtins?: Iterable<string>;
    importedStringConstants?: string | null;
  }

  interface WebAssemblyInstantiatedSource {
    instance: Instance;
    module: Module;
  }

  interface ModuleExportDescriptor {
    kind: ImportExportKind;
    name: string;
  }

  interface ModuleImportDescriptor {
    kind: ImportExportKind;
    module: string;
    name: string;
  }

  interface MemoryDescriptor {
    address?: AddressType;
    initial: number | bigint;
    maximum?: number | bigint;
    shared?: boolean;
    /** Experimental: with the feature `memoryControl`. */
    maplength?: number | bigint;
    /** Experimental: with the feature `memoryControl`. */
    noAccess?: number | bigint;
    /** Experimental: with the feature `memoryControl`. */
    readOnly?: number | bigint;
  }

  interface MapOptions {
    at?: number | bigint;
    mode?: MapMode;
  }

  interface TableDescriptor {
    address?: AddressType;
    element: TableKind;
    initial: number | bigint;
    maximum?: number | bigint;
  }

  interface GlobalDescriptor {
    mutable?: boolean;
    value: ValueType;
  }

  interface TagType {
    parameters: Iterable<ValueType>;
  }

  interface ExceptionOptions {
    traceStack?: boolean;
  }

  class Module {
    constructor(bytes: Bytes, options?: WebAssemblyCompileOptions);
    static exports(module: Module): ModuleExportDescriptor[];
    static imports(module: Module): ModuleImportDescriptor[];
    static customSections(module: Module, sectionName: string): ArrayBuffer[];
  }

  class Instance {
    constructor(module: Module, importObject?: Imports);
    readonly exports: Exports;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    /** Experimental: with the feature `memoryControl`. */
    readonly bufferOffset: any;
    /** Experimental: with the feature `memoryControl`. */
    readonly readOnlyBuffer: ArrayBuffer | null;
    grow(delta: number | bigint): any;
    toFixedLengthBuffer(): ArrayBuffer | SharedArrayBuffer;
    toResizableBuffer(): ArrayBuffer | SharedArrayBuffer;
    /** Experimental: with the feature `memoryControl`. */
    map(buffer: Bytes, length?: number | bigint, options?: MapOptions): any;
    /** Experimental: with the feature `memoryControl`. */
    unmap(target: any, length?: number | bigint): void;
    /** Experimental: with the feature `memoryControl`. */
    flush(): void;
    /** Experimental: with the feature `memoryControl`. */
    protect(byteOffset: number | bigint, byteLength: number | bigint, access: MemoryAccess): void;
    /** Experimental: with the feature `memoryControl`. */
    discard(byteOffset: number | bigint, byteLength: number | bigint): void;
  }

  /** Experimental: with the feature `memoryControl`. */
  class MemoryMapDescriptor {
    constructor(size: any);
    map(memory: Memory, byteOffset: any): number;
    unmap(): void;
  }

  class Table {
    constructor(descriptor: TableDescriptor, value?: any);
    readonly length: any;
    get(index: number | bigint): any;
    grow(delta: number | bigint, value?: any): any;
    set(index: number | bigint, value?: any): void;
  }

  class Global {
    constructor(descriptor: GlobalDescriptor, value?: any);
    value: any;
    valueOf(): any;
  }

  class Tag {
    constructor(type: TagType);
  }

  class Exception {
    constructor(exceptionTag: Tag, payload: Iterable<any>, options?: ExceptionOptions);
    readonly stack: string | undefined;
    getArg(exceptionTag: Tag, index: number): any;
    is(exceptionTag: Tag): boolean;
  }

  /** Where calls can be suspended: where the engine of JavaScript has promise integration. */
  class Suspending {
    constructor(jsFun: (...values: any[]) => any);
  }

  type CompileError = Error;
  type LinkError = Error;
  type RuntimeError = Error;
  const CompileError: ErrorConstructor;
  const LinkError: ErrorConstructor;
  const RuntimeError: ErrorConstructor;

  type SuspendError = Error;
  /** Where calls can be suspended: where the engine of JavaScript has promise integration. */
  const SuspendError: ErrorConstructor;

  const JSTag: Tag;
  function validate(bytes: Bytes, options?: WebAssemblyCompileOptions): boolean;
  function compile(bytes: Bytes, options?: WebAssemblyCompileOptions): Promise<Module>;
  function instantiate(
    bytes: Bytes,
    importObject?: Imports,
    options?: WebAssemblyCompileOptions,
  ): Promise<WebAssemblyInstantiatedSource>;
  function instantiate(module: Module, importObject?: Imports): Promise<Instance>;
  function compileStreaming(
    source: Response | PromiseLike<Response>,
    options?: WebAssemblyCompileOptions,
  ): Promise<Module>;
  function instantiateStreaming(
    source: Response | PromiseLike<Response>,
    importObject?: Imports,
    options?: WebAssemblyCompileOptions,
  ): Promise<WebAssemblyInstantiatedSource>;
  /** Where calls can be suspended: where the engine of JavaScript has promise integration. */
  function promising(wasmFunc: (...values: any[]) => any): (...values: any[]) => Promise<any>;
}
