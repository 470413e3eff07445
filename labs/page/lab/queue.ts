import "./output.ts";
import "../../queue.ts";
import { serveLab } from "./serve.ts";

serveLab();
