import "./output.ts";
import "../../pool.ts";
import { serveLab } from "./serve.ts";

serveLab();
