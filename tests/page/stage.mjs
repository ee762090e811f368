// SPDX-License-Identifier: GPL-2.0-or-later
// What stands behind the page, tests/page/stage, from here: each of its commands is a method.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("stage", import.meta.url));
const PATIENCE = 60_000; // milliseconds until a command that must end counts as never ending

export class Stage {
    constructor() {
        this.said = "";
        this.process = spawn(PROGRAM, { stdio: ["pipe", "pipe", "pipe"] });
        this.process.stderr.setEncoding("utf-8").on("data", text => { this.said += text });
        this.exited = once(this.process, "exit");
        this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
        this.last = Promise.resolve();
    }

    // The process id of the first process in its namespaces, as this machine has it.
    get leader() {
        const { pid } = this.process;
        return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "ascii"));
    }

    // do("add", "vrrp6", { action: "drop" }): one after the other, however they are called.
    do(name, ...values) {
        const options = typeof values.at(-1) === "object" && !Array.isArray(values.at(-1)) ? values.pop() : {};
        this.last = this.last.catch(() => null).then(() => this.#ask({ do: name, with: values, ...options }));
        return this.last;
    }

    async #ask(command) {
        this.process.stdin.write(`${JSON.stringify(command)}\n`);
        let timer;
        const late = new Promise((_resolve, reject) => {
            timer = setTimeout(() => reject(new Error(`${command.do} did not end`)), PATIENCE);
        });
        const { value: line, done } = await Promise.race([this.answers.next(), late])
            .finally(() => clearTimeout(timer));
        if (done)
            throw new Error(`the stage ended:\n${this.said}`);
        const answer = JSON.parse(line);
        if ("error" in answer)
            throw new Error(`${command.do}: ${answer.error}`);
        return answer.value;
    }

    async end() {
        this.process.stdin.end();
        await this.exited;
    }
}
