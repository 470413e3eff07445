import "./output.ts";
import "../../race.ts";
import { serveLab } from "./serve.ts";

serveLab();
