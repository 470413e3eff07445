import "./output.ts";
import "../../threads.ts";
import { serveLab } from "./serve.ts";

serveLab();
