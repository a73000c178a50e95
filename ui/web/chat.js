/* The conversation: opens it, asks, and shows answers while they are written. Answers are written by the server whoever watches:
   leaving a conversation, or losing the connection, loses nothing. Everything shown as HTML was escaped by the server. */
(() => {
  const { when, make, icon, send, away } = midas;
  const RETRY_MS = 1500;
  const chat = (midas.chat = {});

  when("#chat", (root) => {
    const texts = JSON.parse(root.dataset.texts);
    const at = root.dataset.at;
    const $ = (selector) => root.querySelector(selector);
    const [thread, scroll, said, trouble] = ["#thread", "#scroll", "#said", "#trouble"].map($);
    let here = null; // the open conversation; null: a new one
    let run = null; // the answer that is being watched
    let visit = 0; // counts what is opened, so that a late reply is dropped
    let waiting = null; // the timer that looks for a lost server

    const say = (text) => (said.textContent = text);
    const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

    /* Trouble */

    const tell = (text, good) => {
      trouble.classList.toggle("good", Boolean(good));
      trouble.replaceChildren(make("span", {}, text));
      trouble.hidden = false;
    };

    const lost = () => {
      if (waiting) return;
      tell(texts.lost);
      const look = async () => {
        try {
          await send("GET", "/healthz", undefined, { cache: "no-store" });
        } catch {
          waiting = setTimeout(look, RETRY_MS);
          return;
        }
        waiting = null;
        tell(texts.back, true);
        setTimeout(() => trouble.classList.contains("good") && (trouble.hidden = true), 4000);
        chat.refresh();
        if (here) open(here);
        else if (!thread.querySelector(".turn")) fresh();
      };
      waiting = setTimeout(look, RETRY_MS);
    };

    const calm = () => waiting || trouble.classList.contains("good") || (trouble.hidden = true);

    /* True when the error was one of the connection or the session, and was told: the latter on all pages alike. */
    const handled = (error) => {
      if (error.name === "AbortError") return true;
      if (away(error)) {
        lost();
        return true;
      }
      return error.status === 401;
    };

    const complain = (error) => handled(error) || tell(fill(texts.went_wrong, { message: error.message }));

    /* Opening */

    const address = (conversation, replace) => {
      const url = new URL(location.href);
      if (conversation) url.searchParams.set("c", conversation);
      else url.searchParams.delete("c");
      if (url.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", url);
    };

    const titled = (title) => {
      $("#title").textContent = title;
      document.title = title ? `${title} · Midas` : "Midas";
    };

    const leave = () => {
      run?.watching.abort();
      run = null;
      here = null;
      visit += 1;
      thread.classList.remove("asked-now");
      calm();
      chat.closePanel(false);
      working(false);
      return visit;
    };

    const fresh = async () => {
      const mine = leave();
      titled("");
      chat.mark(null);
      thread.replaceChildren();
      try {
        const start = await chat.start();
        if (mine === visit && !thread.firstChild) thread.innerHTML = start.welcome;
      } catch (error) {
        complain(error);
      }
    };

    const open = async (conversation) => {
      const again = conversation === here;
      const mine = leave();
      here = conversation;
      chat.mark(conversation);
      if (!again) thread.replaceChildren();
      try {
        const found = await (await send("GET", `${at}/conversations/${encodeURIComponent(conversation)}`)).json();
        if (mine !== visit) return;
        thread.innerHTML = found.html;
        titled(found.title);
        const last = thread.querySelector(".turn:last-child");
        if (last?.dataset.state === "writing") follow(last);
        if (!again) scroll.scrollTop = scroll.scrollHeight;
      } catch (error) {
        if (mine !== visit || handled(error)) return;
        here = null;
        address(null, true);
        thread.replaceChildren(make("p", { className: "notice" }, error.status === 404 ? texts.not_here : error.message));
      }
    };

    /* Asking */

    const working = (on) => {
      $("#send").hidden = on;
      $("#stop").hidden = !on;
      $("#stop").disabled = false;
    };

    const draft = (question) => {
      const element = $("#new-turn").content.cloneNode(true).firstElementChild;
      element.querySelector(".question").append(question);
      return element;
    };

    const ask = async (question, replaced) => {
      if (run || !question.trim()) return false;
      const element = draft(question.trim());
      calm();
      if (!thread.querySelector(".turn")) thread.replaceChildren();
      if (replaced) {
        while (replaced.nextElementSibling) replaced.nextElementSibling.remove();
        replaced.replaceWith(element);
      } else thread.append(element);
      thread.classList.add("asked-now");
      element.querySelector(".asked").scrollIntoView({ block: "start" });
      const body = { question: question.trim(), conversation: here, replacing: replaced?.dataset.turn ?? null };
      await watch(element, async (signal) => send("POST", `${at}/ask`, { ...body, ...(await chat.choice()) }, { signal }));
      return true;
    };

    /* An answer that was on its way when its conversation was opened. */
    const follow = (element) => watch(element, (signal) => send("GET", `${at}/turns/${element.dataset.turn}`, undefined, { signal }));

    const watch = async (element, request) => {
      const mine = (run = { element, html: "", watching: new AbortController(), stopping: false });
      working(true);
      element.setAttribute("aria-busy", "true");
      say(texts.searching);
      try {
        for await (const news of lines(await request(mine.watching.signal))) {
          if (run !== mine) return;
          hear(mine, news);
        }
        if (run === mine && !mine.done) throw new TypeError("cut off");
      } catch (error) {
        if (run !== mine) return;
        failed(mine, error);
      } finally {
        if (run === mine) {
          run = null;
          working(false);
          chat.changed();
        }
      }
    };

    async function* lines(response) {
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) return;
        const parts = (rest + value).split("\n");
        rest = parts.pop();
        for (const line of parts) if (line) yield JSON.parse(line);
      }
    }

    const hear = (mine, news) => {
      const part = (selector) => mine.element.querySelector(selector);
      if (news.begun) begun(mine, news.begun);
      if (news.state) {
        part(".state").textContent = news.state;
        say(news.state);
      }
      if (news.notice) {
        part(".notice").textContent = news.notice;
        part(".notice").hidden = false;
      }
      if (news.draft) {
        mine.html = mine.html.slice(0, news.draft.keep) + news.draft.html;
        part(".text").innerHTML = mine.html;
      }
      if (news.done) done(mine, news.done);
      if (news.signed_out) throw midas.refused(401);
    };

    const begun = (mine, { conversation, turn, title }) => {
      mine.element.dataset.turn = mine.turn = turn;
      if (here !== conversation) {
        here = conversation;
        address(conversation);
      }
      titled(title);
      chat.refresh();
      if (mine.stopping) stop();
    };

    const done = (mine, html) => {
      const holder = make("template");
      holder.innerHTML = html;
      const finished = holder.content.firstElementChild;
      const focused = mine.element.contains(document.activeElement);
      mine.element.replaceWith(finished);
      mine.done = true;
      if (focused) finished.querySelector(".answered").focus({ preventScroll: true });
      say(`${texts.finished} ${finished.querySelector(".text, .notice").innerText}`);
    };

    const failed = (mine, error) => {
      const state = mine.element.querySelector(".state");
      const told = handled(error);
      if (!told) {
        state?.replaceWith(make("p", { className: "notice bad" }, fill(texts.failed, { message: error.message })));
      } else state?.replaceWith(make("p", { className: "notice" }, texts.stopped));
      mine.element.removeAttribute("aria-busy");
      if (mine.turn || mine.element.dataset.turn || !chat.giveBack(questionOf(mine.element))) return;
      mine.element.remove();
      if (!told) refused(error);
    };

    /* The question was not taken: what it was to replace is shown again, or that the conversation is gone. */
    const refused = async (error) => {
      const conversation = here;
      await (conversation ? open(conversation) : fresh());
      if (here === conversation) tell(fill(texts.went_wrong, { message: error.message }));
      chat.changed();
    };

    /* The server ends the answer, and the watch then hears of it; what was written stays. */
    const stop = async () => {
      if (!run) return;
      run.stopping = true;
      $("#stop").disabled = true;
      if (!run.turn && !run.element.dataset.turn) return;
      try {
        await send("POST", `${at}/turns/${run.element.dataset.turn}/stop`);
      } catch (error) {
        complain(error);
      }
    };

    /* What can be done with a turn */

    const questionOf = (turn) => turn.querySelector(".question").lastChild.textContent;

    const edit = (turn) => {
      const form = $("#edit-form").content.cloneNode(true).firstElementChild;
      const asked = turn.querySelector(".asked");
      const field = form.querySelector("textarea");
      field.value = questionOf(turn);
      asked.hidden = true;
      asked.after(form);
      field.focus();
      chat.measure(field);
      field.addEventListener("input", () => chat.measure(field));
      const keep = () => {
        form.remove();
        asked.hidden = false;
        asked.querySelector("button").focus();
      };
      form.querySelector("[data-do=keep]").addEventListener("click", keep);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (field.value.trim() && !run) ask(field.value, turn);
      });
      field.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          keep();
        }
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          form.requestSubmit();
        }
      });
    };

    const copy = async (turn) => {
      const text = turn.querySelector(".clip").textContent;
      const told = (await copied(text)) ? texts.copied : texts.copy_failed;
      note(turn, told);
    };

    /* Without https there is no clipboard but the old one. */
    const copied = async (text) => {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        const field = make("textarea", { value: text, className: "sr-only" });
        root.append(field);
        field.select();
        const worked = document.execCommand("copy");
        field.remove();
        return worked;
      }
    };

    const note = (turn, text) => {
      const actions = turn.querySelector(".actions");
      actions.querySelector(".told")?.remove();
      actions.append(make("span", { className: "told" }, text));
      say(text);
      setTimeout(() => actions.querySelector(".told")?.remove(), 4000);
    };

    const vote = async (turn, thumb) => {
      const pressed = turn.querySelector(`[data-do=${thumb}]`).getAttribute("aria-pressed") === "true";
      const ballot = { thumb: pressed ? null : thumb, reason: null, comment: "" };
      if (thumb === "down" && !pressed && !(await why(ballot))) return;
      try {
        await send(ballot.thumb ? "PUT" : "DELETE", `/v1/turns/${turn.dataset.turn}/vote`, ballot.thumb ? ballot : undefined);
        for (const name of ["up", "down"]) {
          turn.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(ballot.thumb === name));
        }
        if (ballot.thumb) note(turn, texts.thanks);
      } catch (error) {
        complain(error);
      }
    };

    const why = (ballot) =>
      new Promise((resolve) => {
        const dialog = $("#vote-dialog");
        const form = dialog.querySelector("form");
        form.reset();
        dialog.returnValue = "no";
        dialog.showModal();
        form.querySelector("input").focus();
        dialog.addEventListener(
          "close",
          () => {
            ballot.reason = form.elements.reason.value || null;
            ballot.comment = form.elements.comment.value.trim();
            resolve(dialog.returnValue === "yes");
          },
          { once: true },
        );
      });

    thread.addEventListener("click", (event) => {
      const suggestion = event.target.closest(".ask");
      if (suggestion) return void ask(suggestion.textContent);
      const button = event.target.closest("[data-do]");
      const turn = event.target.closest(".turn");
      if (!button || !turn) return;
      const name = button.dataset.do;
      if (name === "copy") copy(turn);
      else if (name === "edit" && !run) edit(turn);
      else if (name === "retry") ask(questionOf(turn), turn.dataset.state === "done" ? null : turn);
      else if (name === "up" || name === "down") vote(turn, name);
    });

    /* Where the end is out of sight, a button leads to it. */
    const jump = $("#jump");
    const ends = () => {
      const spare = thread.classList.contains("asked-now") ? thread.lastElementChild : null;
      const end = spare?.querySelector(".answered > :last-child") ?? thread.lastElementChild;
      jump.hidden = !thread.querySelector(".turn") || !end || end.getBoundingClientRect().bottom < scroll.getBoundingClientRect().bottom + 40;
    };
    scroll.addEventListener("scroll", ends, { passive: true });
    new MutationObserver(ends).observe(thread, { childList: true, subtree: true });
    jump.addEventListener("click", () => {
      const end = thread.lastElementChild?.querySelector(".answered > :last-child") ?? thread.lastElementChild;
      end?.scrollIntoView({ block: "end", behavior: "smooth" });
    });

    $("#stop").addEventListener("click", stop);
    addEventListener("popstate", () => go());
    addEventListener("offline", lost);

    const go = () => {
      const wanted = new URLSearchParams(location.search).get("c");
      if (!wanted) return fresh();
      chat.start().catch(complain);
      return open(wanted);
    };

    Object.assign(chat, {
      root, texts, at, $, fill, say, complain, ask,
      busy: () => Boolean(run),
      here: () => here,
      open: (conversation) => {
        address(conversation);
        return open(conversation);
      },
      fresh: () => {
        address(null);
        return fresh();
      },
      titled,
      go,
      icon,
      asked: () => Boolean(thread.querySelector(".turn")),
      welcome: (html) => thread.querySelector(".turn") || (thread.innerHTML = html),
    });
  });
})();
