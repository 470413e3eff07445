import "./output.ts";
import "../../deadlock.ts";
import { serveLab } from "./serve.ts";

serveLab();
