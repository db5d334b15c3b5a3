// Browsers start no workers from files on disk, and the search of this site runs in one. Here a
// hidden frame takes the worker's place. (mkdocs-material knows this file by its name.)
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.onmessage = null;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      const inner = frame.contentDocument;
      // What the worker posts is told to the page as a message of this object.
      this.inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      this.inside.importScripts = (...urls) =>
        urls.reduce((before, one) => before.then(() => load(one)), Promise.resolve());
      const load = (source) =>
        new Promise((done, failed) => {
          const script = inner.createElement("script");
          script.src = source;
          script.onload = done;
          script.onerror = failed;
          inner.body.appendChild(script);
        });
      this.ready = load(new URL(url, location.href).href);
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.inside.frameElement.remove();
    }
  };
}
