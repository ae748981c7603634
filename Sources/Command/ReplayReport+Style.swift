extension ReplayReport {
    /// Colours come from custom properties only, for the canvas reads them too.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --paper: #f6f4ee; --card: #fffefa; --raised: #f0ece2; --ink: #23211c; --soft: #68635a;
          --line: #ddd7c9; --hair: #ebe6da; --focus: #1f5fbf;
          --same: #4c7f8c; --refused: #c08a24; --refused-ink: #85590a; --diff: #c5361d;
          --replay: #23211c; --record: #a69f90;
          --gone: #fbe3dd; --gone-mark: #f3b5a6; --came: #dff0e6; --came-mark: #a5d8bb;
          --shadow: 0 1px 2px #3a2f1a14, 0 6px 24px -12px #3a2f1a2e;
          --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Georgia, "Noto Serif", serif;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
          --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #131619; --card: #1a1e22; --raised: #242a2f; --ink: #e9e5db; --soft: #a49f94;
            --line: #343b41; --hair: #272d32; --focus: #7fb2ff;
            --same: #5fa3b3; --refused: #d9a441; --refused-ink: #e3b45c; --diff: #ff7458;
            --replay: #e9e5db; --record: #767d80;
            --gone: #3a201c; --gone-mark: #7d3626; --came: #17301f; --came-mark: #2a6a43;
            --shadow: 0 1px 2px #0006;
          }
        }
        *, ::before { box-sizing: border-box; }
        [hidden] { display: none !important; }
        html { scroll-padding-top: 1rem; }
        body { margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem); max-width: 84rem; background: var(--paper);
          color: var(--ink); font: 15px/1.55 var(--sans); -webkit-text-size-adjust: 100%; }
        h1, h2, p, dl, dd, ul, ol, figure, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
        ul, ol { list-style: none; }
        button, input, select { font: inherit; color: inherit; }
        button { cursor: pointer; }
        :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
        code, .mono { font-family: var(--mono); font-size: .87em; }
        .sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
          clip-path: inset(50%); white-space: nowrap; }
        .skip { position: absolute; left: -99rem; top: .5rem; background: var(--card); padding: .4rem .8rem; }
        .skip:focus { left: 1rem; z-index: 9; }

        header { padding: 3rem 0 .5rem; }
        .eyebrow { display: flex; align-items: center; gap: .6rem; color: var(--soft);
          font-size: .78rem; letter-spacing: .14em; text-transform: uppercase; }
        .seal { width: .8rem; height: .8rem; border-radius: 50%; background: var(--same); }
        .has-differences .seal { background: var(--diff); }
        h1 { margin-top: .35rem; font: 400 1.05rem/1.4 var(--mono); color: var(--soft); overflow-wrap: anywhere; }
        .verdict { margin: .9rem 0 1.4rem; max-width: 30ch; font: 400 clamp(1.7rem, 4.2vw, 2.9rem)/1.15 var(--serif);
          letter-spacing: -.012em; text-wrap: balance; font-variant-numeric: lining-nums; }
        .verdict em { font-style: normal; color: var(--diff); }
        .verdict .good { color: var(--same); }
        .ratio { display: flex; gap: 2px; height: 12px; border-radius: 6px; overflow: hidden; background: var(--hair); }
        .ratio i { min-width: 4px; flex: 1 1 0; }
        .identical-fill { background: var(--same); }
        .refused-fill { background: var(--refused); }
        .different-fill { background: var(--diff); }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin-top: .7rem; color: var(--soft); }
        .legend li { display: flex; align-items: baseline; gap: .5rem; }
        .legend i { width: .65rem; height: .65rem; border-radius: 2px; align-self: center; }
        .legend b, .facts dd { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
        .facts { display: flex; flex-wrap: wrap; gap: 1rem 2.6rem; margin-top: 1.8rem; padding-top: 1.1rem;
          border-top: 1px solid var(--line); }
        .facts dt { color: var(--soft); font-size: .8rem; }
        .facts dd { font-weight: 500; overflow-wrap: anywhere; }

        section { margin-top: 2.6rem; }
        .heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; margin-bottom: .7rem; }
        h2 { font: 400 1.45rem/1.3 var(--serif); }
        h2:focus { outline: none; }
        .hint { color: var(--soft); font-size: .86rem; flex: 1 1 18rem; }
        .card, .notice { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          box-shadow: var(--shadow); }
        .notice { padding: 1rem; }
        #remarks h2 { margin-bottom: .7rem; }
        #remarks li { padding: .6rem 1rem; border-left: 3px solid var(--refused); background: var(--card);
          border-radius: 0 8px 8px 0; overflow-wrap: anywhere; }
        #remarks li + li { margin-top: .4rem; }
        .buttons { display: flex; gap: .35rem; }
        .buttons button, .filters button, .more { background: var(--card); border: 1px solid var(--line);
          border-radius: 7px; padding: .28rem .75rem; }
        button:hover:not(:disabled) { background: var(--raised); }
        button:disabled { opacity: .45; cursor: default; }

        .timeline { position: relative; padding: .6rem .4rem .2rem; }
        canvas { display: block; width: 100%; cursor: crosshair; touch-action: pan-y; border-radius: 6px; }
        .selection { position: absolute; background: color-mix(in srgb, var(--focus) 16%, transparent);
          border: solid var(--focus); border-width: 0 1px; pointer-events: none; }
        .tooltip { position: absolute; z-index: 3; pointer-events: none; max-width: 19rem; padding: .5rem .75rem;
          background: var(--ink); color: var(--paper); border-radius: 8px; font-size: .84rem; line-height: 1.45;
          overflow-wrap: anywhere; }
        .tooltip b { display: block; font-weight: 600; }

        .scroll { position: relative; overflow-x: auto; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .55rem .8rem; text-align: left; vertical-align: middle; white-space: nowrap; }
        thead th { font-size: .8rem; font-weight: 500; color: var(--soft); border-bottom: 1px solid var(--line); }
        tbody tr + tr > * { border-top: 1px solid var(--hair); }
        tbody th { font-weight: 500; }
        .number { text-align: right; }
        td.bars, th.bars { width: 40%; min-width: 15rem; padding-right: 1.2rem; }
        .link { background: none; border: 0; padding: 0; text-align: left; text-decoration: underline;
          text-decoration-color: var(--line); text-underline-offset: .25em; }
        .link:hover:not(:disabled) { background: none; text-decoration-color: currentColor; }
        .some { color: var(--diff); font-weight: 600; }
        .none { color: var(--soft); }
        .two { line-height: 1.35; font-size: .88rem; }
        .two span { display: block; }
        .two .was { color: var(--soft); }
        .track { position: relative; display: block; height: 9px; margin: 3px 0; border-radius: 3px;
          background: var(--hair); }
        .track i { position: absolute; left: 0; top: 0; bottom: 0; width: var(--to); border-radius: 3px; }
        .track i.max { width: 2px; left: calc(var(--to) - 2px); }
        .was i { background: var(--record); }
        .is i { background: var(--replay); }
        .track i.p95 { opacity: .38; }
        .scale { position: relative; display: block; height: 1.2em; }
        .scale i { position: absolute; left: var(--to); font-style: normal; transform: translateX(-50%); }
        .scale i:first-child { transform: none; }
        .scale i.end { transform: translateX(-100%); }

        .places { padding: .35rem 0; overflow: hidden; }
        .places button { position: relative; display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 1rem;
          width: 100%; padding: .4rem 1rem; background: none; border: 0; text-align: left; }
        .places button::before { content: ""; position: absolute; inset: 3px auto 3px 0; width: var(--to);
          min-width: 3px; background: color-mix(in srgb, var(--diff) 14%, transparent);
          border-left: 3px solid var(--diff); }
        .places span { position: relative; }
        .places .mono { overflow-wrap: anywhere; }
        .places .fn { color: var(--soft); }
        .places b { position: relative; min-width: 5ch; text-align: right; font-variant-numeric: tabular-nums; }

        """# + listStyle

    private static let listStyle = #"""
        .filters { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; padding: .7rem .8rem; }
        .segments { display: flex; border: 1px solid var(--line); border-radius: 7px; overflow: hidden; }
        .segments label { position: relative; cursor: pointer; }
        .segments input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
        .segments span { display: block; padding: .28rem .8rem; }
        .segments b { font-weight: 500; color: var(--soft); font-variant-numeric: tabular-nums; }
        .segments label + label { border-left: 1px solid var(--line); }
        .segments input:checked + span { background: var(--ink); color: var(--paper); }
        .segments input:checked + span b { color: inherit; opacity: .75; }
        .segments input:focus-visible + span { outline: 2px solid var(--focus); outline-offset: -3px; }
        .field input, .field select { width: 100%; padding: .28rem .6rem; border: 1px solid var(--line);
          border-radius: 7px; background: var(--paper); }
        .field input::placeholder { color: var(--soft); opacity: 1; }
        .grow { flex: 1 1 14rem; }
        .chips { display: flex; flex-wrap: wrap; gap: .4rem; }
        .chips:empty { display: none; }
        .filters .chips button { padding: .12rem .7rem; border-radius: 99px; background: var(--raised); font-size: .86rem; }

        .list { margin-top: .8rem; }
        .list > li { border-bottom: 1px solid var(--hair); content-visibility: auto; contain-intrinsic-size: auto 44px; }
        summary { display: grid; align-items: baseline; gap: 0 1rem; padding: .55rem .7rem; cursor: pointer;
          grid-template-columns: .9rem 6ch 13ch minmax(0, 1fr) 4ch 21ch 15ch; border-radius: 6px;
          font-variant-numeric: tabular-nums; list-style: none; }
        summary::-webkit-details-marker { display: none; }
        summary::before { content: "›"; color: var(--soft); font-size: 1.1em; line-height: 1; }
        details[open] > summary::before { transform: rotate(90deg); }
        summary:hover { background: var(--raised); }
        summary:focus-visible { outline-offset: -2px; }
        .position, .clock, .trigger, .took { color: var(--soft); }
        .position { text-align: right; }
        .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .trigger { margin-left: .6em; font-size: .9em; }
        .took { text-align: right; white-space: nowrap; font-size: .92em; }
        .took b { font-weight: 500; color: var(--ink); }
        .status { font-family: var(--mono); font-size: .87em; }
        .refused .status { color: var(--refused-ink); }
        .outcome { text-align: right; color: var(--soft); white-space: nowrap; }
        .different .outcome { color: var(--diff); font-weight: 600; }
        .list > li.different { box-shadow: inset 3px 0 var(--diff); }
        .body { padding: .2rem .7rem 1.4rem 2.3rem; }
        .body dl { display: flex; flex-wrap: wrap; gap: .4rem 2rem; color: var(--soft); font-size: .9rem; }
        .body dt { display: inline; }
        .body dt::after { content: " "; }
        .body dd { display: inline; color: var(--ink); overflow-wrap: anywhere; }
        .difference { margin-top: 1.1rem; }
        .difference h3 { margin: 0 0 .35rem; font: 600 .87rem/1.4 var(--mono); overflow-wrap: anywhere; }
        .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; border-radius: 8px; overflow: hidden; }
        .side { padding: .5rem .8rem .6rem; min-width: 0; }
        .side h4 { margin: 0 0 .15rem; font: 500 .76rem/1.4 var(--sans); color: var(--soft); }
        .side.was { background: var(--gone); }
        .side.is { background: var(--came); }
        .side pre { margin: 0; max-height: 26rem; overflow: auto; font: .86rem/1.55 var(--mono); white-space: pre-wrap;
          overflow-wrap: anywhere; }
        .side em { color: var(--soft); font-family: var(--sans); }
        .was mark { background: var(--gone-mark); }
        .is mark { background: var(--came-mark); }
        mark { color: inherit; border-radius: 2px; }
        .left-out { margin-top: 1rem; color: var(--soft); }
        .more { display: block; width: 100%; margin: .8rem 0; padding: .5rem; }
        .empty { padding: 2.4rem 1rem; text-align: center; color: var(--soft); }
        footer { margin: 3rem 0 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
          font-size: .84rem; }

        @media (max-width: 62rem) {
          summary { grid-template-columns: .9rem auto auto minmax(0, 1fr) auto; }
          .position { text-align: left; }
          .what { grid-column: 2 / -1; grid-row: 2; }
          .took { grid-column: 4; grid-row: 1; }
          .outcome { grid-column: 5; grid-row: 1; }
          .status { display: none; }
          .refused .status { display: block; grid-column: 5; grid-row: 2; text-align: right; }
          .refused .what { grid-column: 2 / 5; }
        }
        @media (max-width: 40rem) {
          header { padding-top: 1.6rem; }
          .sides { grid-template-columns: 1fr; }
          .body { padding-left: .5rem; }
          .took { display: none; }
          .outcome { grid-column: 4 / -1; }
          .places button { grid-template-columns: minmax(0, 1fr) auto; }
          .places .fn { grid-column: 1; grid-row: 2; }
        }
        @media print {
          .filters, .buttons, .more, .skip { display: none; }
        }
        """#
}
