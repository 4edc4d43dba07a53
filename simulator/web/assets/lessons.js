// The list of lessons, with the progress in this browser.

import { byId, kept, make, setText, themeButton } from "console/page";
import { takeToken } from "console/sending";

takeToken(); // for the lessons that are opened from here
const course = JSON.parse(byId("lessons").textContent);
const WORDS = { right: "✓ predicted", wrong: "✓ done" };

byId("course").replaceChildren(...course.map((lesson) => {
  const done = WORDS[kept(`lesson ${lesson.name}`)];
  return make("li", {}, make("a", { href: `/lessons/${lesson.name}` },
    make("span", { class: "place", "aria-hidden": "true" }, String(lesson.place)),
    make("span", { class: "about" }, make("strong", {}, lesson.title), make("span", { class: "soft" }, lesson.summary)),
    done ? make("span", { class: "good" }, done) : null));
}));
const done = course.filter((lesson) => kept(`lesson ${lesson.name}`)).length;
setText(byId("progress"), done ? `${done} of ${course.length} done in this browser.` : `${course.length} lessons, a few minutes each. Take them in any order.`);
themeButton(byId("theme"));
