// Draws the Mermaid diagrams of a page (mermaid.tiny.js, version 11.17.2) without a network.
(function () {
  var here = document.currentScript.src;
  if (!document.querySelector(".diagram")) return;
  var script = document.createElement("script");
  script.src = new URL("mermaid.tiny.js", here).href;
  script.onload = function () {
    var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "neutral", er: { useMaxWidth: false } });
    mermaid.run({ querySelector: ".diagram" });
  };
  document.head.appendChild(script);
})();
