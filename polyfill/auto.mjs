// import "@pyjsapi/polyfill/auto", <script type=module src=".../auto.mjs">, or node --import.

import { shim } from "./shim.mjs";

shim();
