import { log } from "./parts_work.ts";

log.push("the effect came after it");
