import "./output.ts";
import "../../gil.ts";
import { serveLab } from "./serve.ts";

serveLab();
