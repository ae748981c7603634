extension ReplayReport {
    /// The page around the data. Only the style and the script that bear the nonce count (CSP 3, 6.7.3); nothing is
    /// loaded from anywhere.
    func page(json: String, nonce: String) -> String {
        let different = entries.count { !$0.differences.isEmpty }
        return #"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none';
              form-action 'none'; style-src 'nonce-\#(nonce)'; script-src 'nonce-\#(nonce)'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>Replay of \#(Self.escaped(title))</title>
            <style nonce="\#(nonce)">
            \#(Self.style)
            </style>
            </head>
            <body>
            <a class="skip" href="#list-heading">Skip to the invocations</a>
            <header>
              <p class="eyebrow"><span class="seal" aria-hidden="true"></span>Gestaloka replay</p>
              <h1 id="title">\#(Self.escaped(title))</h1>
              <p class="verdict" id="verdict">\#(entries.count) replayed,
                \#(entries.count - different) identical, \#(different) different</p>
              <div class="ratio" id="ratio" aria-hidden="true"></div>
              <ul class="legend" id="legend"></ul>
              <dl class="facts" id="facts"></dl>
            </header>
            <noscript><p class="notice">The timeline and the differences need this page's own script.</p></noscript>
            \#(Self.sections)
            <footer>\#(Self.escaped(program)) · a self-contained page: it loads nothing and sends nothing.</footer>
            <script type="application/json" id="data">\#(json)</script>
            <script nonce="\#(nonce)">
            'use strict';
            (() => {
            \#(Self.script)
            \#(Self.timelineScript)
            \#(Self.listScript)
            })();
            </script>
            </body>
            </html>

            """#
    }

    private static let sections = #"""
        <main id="main" hidden>
        <section id="remarks" aria-labelledby="remarks-heading" hidden>
          <h2 id="remarks-heading">Remarks</h2>
          <ul></ul>
        </section>

        <section class="of-some" aria-labelledby="timeline-heading">
          <div class="heading">
            <h2 id="timeline-heading">Timeline</h2>
            <p class="hint" id="timeline-hint">Drag to zoom, click to open.</p>
            <div class="buttons">
              <button type="button" id="zoom-in" aria-label="Zoom in">+</button>
              <button type="button" id="zoom-out" aria-label="Zoom out">−</button>
              <button type="button" id="zoom-all">Whole time</button>
            </div>
          </div>
          <figure class="card timeline" id="timeline">
            <canvas id="canvas" tabindex="0" role="application"
              aria-label="Invocations over time, a lane a function" aria-describedby="timeline-keys"></canvas>
            <div class="selection" id="selection" hidden></div>
            <div class="tooltip" id="tooltip" hidden></div>
          </figure>
          <p class="sr" id="timeline-keys">Arrow keys move between marks and lanes, Enter opens an invocation.</p>
          <p class="sr" id="announcement" aria-live="polite"></p>
        </section>

        <section class="of-some" aria-labelledby="functions-heading">
          <div class="heading">
            <h2 id="functions-heading">Functions</h2>
            <p class="hint">Durations on a logarithmic scale: solid to the median, pale to the 95th percentile, a tick
              at the longest. A name filters the list below.</p>
          </div>
          <div class="card scroll" tabindex="0" role="region" aria-labelledby="functions-heading">
            <table id="functions">
              <thead><tr>
                <th scope="col">Function</th>
                <th scope="col" class="number">Replayed</th>
                <th scope="col" class="number">Different</th>
                <th scope="col" class="bars"><span id="scale" class="scale" aria-hidden="true"></span>
                  <span class="sr">Durations</span></th>
                <th scope="col"><span class="sr">Of which run</span></th>
                <th scope="col" class="number">p50</th>
                <th scope="col" class="number">p95</th>
                <th scope="col" class="number">max</th>
              </tr></thead>
              <tbody></tbody>
            </table>
          </div>
        </section>

        <section id="places" aria-labelledby="places-heading" hidden>
          <div class="heading">
            <h2 id="places-heading">Where they differ</h2>
            <p class="hint" id="places-hint"></p>
          </div>
          <ol class="card places" id="place-list"></ol>
        </section>

        <section class="of-some" aria-labelledby="list-heading">
          <div class="heading">
            <h2 id="list-heading" tabindex="-1">Invocations</h2>
            <p class="hint" id="matches" role="status"></p>
          </div>
          <form class="card filters" id="filters" role="search">
            <fieldset class="segments">
              <legend class="sr">Which</legend>
              <label><input type="radio" name="kind" value="all"><span>All <b id="n-all"></b></span></label>
              <label><input type="radio" name="kind" value="different"><span>Different
                <b id="n-different"></b></span></label>
              <label><input type="radio" name="kind" value="refused"><span>Refused
                <b id="n-refused"></b></span></label>
            </fieldset>
            <label class="field grow"><span class="sr">Search</span>
              <input type="search" id="query" placeholder="Search id, trigger, path, text …" autocomplete="off"
                spellcheck="false"></label>
            <label class="field"><span class="sr">Function</span>
              <select id="function"><option value="">Every function</option></select></label>
            <label class="field"><span class="sr">Order</span>
              <select id="order">
                <option value="position">As recorded</option>
                <option value="differences">Most differences first</option>
                <option value="slowest">Slowest replay first</option>
                <option value="slowed">Most slowed first</option>
              </select></label>
            <button type="button" id="next">Next difference</button>
            <div class="chips" id="chips"></div>
          </form>
          <button type="button" class="more" id="earlier" hidden></button>
          <ol class="list" id="list"></ol>
          <button type="button" class="more" id="later" hidden></button>
        </section>
        </main>
        """#
}
