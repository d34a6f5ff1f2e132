"""
The page's HTML and style, as a Jinja template.

It is in a module because Salt syncs only modules. The page needs no script and makes no requests.
"""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --ink: #1a1d21; --soft: #4d545e; --line: #d4d9df;
  --full: #1f5fa8; --partial: #7aa7d9; --gap: #b3261e;
  --critical: #a31515; --warning: #7a4d00; --note: #4d545e; --good: #1b6632; --unknown: #5b3d99; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1e2226; --ink: #e8eaed; --soft: #b4bbc4; --line: #3a4149;
  --full: #7db4f0; --partial: #4a78ab; --gap: #ff8a80;
  --critical: #ff9a90; --warning: #f2c063; --note: #b4bbc4; --good: #7fd79a; --unknown: #c3a8f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; } p { margin: .25rem 0 .75rem; }
.soft { color: var(--soft); } .lead { font-size: 1.1rem; }
.level { font-weight: 650; white-space: nowrap; } .level::before { display: inline-block; width: 1.3em; }
.critical { color: var(--critical); } .critical::before { content: "\\2716"; content: "\\2716" / ""; }
.warning { color: var(--warning); } .warning::before { content: "\\25B2"; content: "\\25B2" / ""; }
.note { color: var(--note); } .note::before { content: "\\2139"; content: "\\2139" / ""; }
.good { color: var(--good); } .good::before { content: "\\2714"; content: "\\2714" / ""; }
.unknown { color: var(--unknown); } .unknown::before { content: "?"; content: "?" / ""; }
ul { list-style: none; margin: 0; padding: 0; } li { padding: .4rem 0; border-top: 1px solid var(--line); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 0 0 1rem; break-inside: avoid; }
article header { display: flex; justify-content: space-between; gap: 1rem; flex-wrap: wrap; }
section.target { margin-top: .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
section.target > p { margin: 0 0 .5rem; display: flex; justify-content: space-between; gap: 1rem; flex-wrap: wrap; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .5rem 1.25rem; margin: .5rem 0 0; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; }
svg { display: block; width: 100%; height: 3rem; } .axis { display: flex; justify-content: space-between; font-size: .85rem; }
.full { stroke: var(--full); } .partial { stroke: var(--partial); } .full, .partial { stroke-width: 2; fill: none; }
.base { stroke: var(--line); } .gap { fill: var(--gap); fill-opacity: .08; stroke: var(--gap); stroke-dasharray: 4 3; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } caption { text-align: left; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .9rem; }
a { color: inherit; } a:focus-visible, .table:focus-visible { outline: 2px solid var(--full); outline-offset: 2px; }
@media (max-width: 40rem) { svg { height: 2.25rem; } h1 { font-size: 1.35rem; } }
@media print { :root { color-scheme: light; } body { max-width: none; font-size: 10pt; } article, tr, li { break-inside: avoid; } }
"""

PAGE = """\
{%- macro level(name) %}<span class="level {{ name }}">{{ name }}</span>{% endmacro %}
{%- macro unknown(part) %}<p>{{ level("unknown") }} {{ part.unknown }}</p>{% endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backups of {{ account }}, {{ made }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<header>
<h1>Backups of the AWS account {{ account }}</h1>
<p class="soft">As of <time>{{ made }}</time></p>
<p class="lead">{{ level(level_of_page) }} {{ summary }}</p>
</header>
<main>
{% if findings %}
<section aria-labelledby="findings">
<h2 id="findings">What is wrong</h2>
<ul>
{% for finding in findings %}
<li>{{ level(finding.level) }} <strong>{{ finding.about }}</strong>: {{ finding.message }}</li>
{% endfor %}
</ul>
</section>
{% endif %}
<section aria-labelledby="servers">
<h2 id="servers">Servers</h2>
{% if servers %}
<p class="key soft"><span>A stroke is a backup, as high as it is large.</span><span>Strong: complete. Pale: differential or incremental.</span><span>A dashed
frame is a gap.</span></p>
{% else %}
<p>Pillar declares no backups.</p>
{% endif %}
{% for server in servers %}
<article aria-labelledby="server-{{ loop.index }}">
<header><h3 id="server-{{ loop.index }}">{{ server.name }}</h3>{{ level(server.level) }}</header>
{% for target in server.targets %}
<section class="target" aria-label="{{ server.name }}: {{ target.kind }} in {{ target.location }}">
<p><span>{{ target.kind }} <span class="soft">in</span> {{ target.location }}</span>{{ level(target.level) }}</p>
{% if target.strip %}
<svg role="img" aria-label="{{ target.strip.label }}" viewBox="0 0 {{ width }} {{ height }}" preserveAspectRatio="none">
<path class="base" d="M0 34h{{ width }}"/>
{% for at, wide in target.strip.gaps %}<rect class="gap" x="{{ at }}" y="5" width="{{ wide }}" height="29"/>{% endfor %}
{% if target.strip.partial %}<path class="partial" d="{{ target.strip.partial }}"/>{% endif %}
<path class="full" d="{{ target.strip.full }}"/>
</svg>
<div class="axis soft" aria-hidden="true"><span>{{ target.strip.begin }}</span><span>{{ target.strip.end }}</span></div>
{% endif %}
<dl>
<div><dt>Newest</dt><dd>{{ target.newest }}{% if target.schedule %} <span class="soft">({{ target.schedule }})</span>{% endif %}</dd></div>
<div><dt>{{ "Objects" if target.kind == "sync" else "Backups" }}</dt><dd>{{ target.count }}</dd></div>
<div><dt>Size of the newest</dt><dd>{{ target.size }}</dd></div>
<div><dt>One can go back</dt><dd>{{ target.reach }}</dd></div>
<div><dt>Kept</dt><dd>{{ target.kept }}</dd></div>
<div><dt>Access key</dt><dd>{{ target.key }}</dd></div>
<div><dt>Who else may delete</dt><dd>{{ target.who | join(", ") }}</dd></div>
</dl>
</section>
{% endfor %}
</article>
{% endfor %}
</section>
<section aria-labelledby="pending">
<h2 id="pending">What waits, and for whom</h2>
{% if pending.unknown %}
{{ unknown(pending) }}
{% elif pending.entries %}
<div class="table" tabindex="0" role="group" aria-labelledby="pending"><table>
<thead><tr><th scope="col">What</th><th scope="col">For whom</th><th scope="col">Since</th><th scope="col">Until</th><th scope="col">What to do</th></tr></thead>
<tbody>
{% for entry in pending.entries %}
<tr><td>{{ entry.what }}</td><td>{{ entry.on }}</td><td>{{ entry.since or "-" }}</td><td>{{ entry.until or "-" }}</td><td>{{ entry.do }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>Nothing is pending.</p>
{% endif %}
</section>
<section aria-labelledby="changes">
<h2 id="changes">What differs between pillar and the account</h2>
{% if changes.unknown %}
{{ unknown(changes) }}
{% elif changes.entries %}
<ul>
{% for change in changes.entries %}
<li>{{ change }}</li>
{% endfor %}
</ul>
{% else %}
<p>Nothing differs.</p>
{% endif %}
</section>
{% if databases.unknown or databases.entries %}
<section aria-labelledby="databases">
<h2 id="databases">Databases</h2>
{% if databases.unknown %}
{{ unknown(databases) }}
{% else %}
<div class="table" tabindex="0" role="group" aria-labelledby="databases"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Region</th><th scope="col">Status</th></tr></thead>
<tbody>
{% for entry in databases.entries %}
<tr><td>{{ entry.name }}</td><td>{{ entry.kind }}</td><td>{{ entry.region }}</td><td>{{ level(entry.level) }} {{ entry.state }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</section>
{% endif %}
{% if identities.unknown or identities.entries %}
<section aria-labelledby="identities">
<h2 id="identities">Email identities</h2>
{% if identities.unknown %}
{{ unknown(identities) }}
{% else %}
<div class="table" tabindex="0" role="group" aria-labelledby="identities"><table>
<thead><tr><th scope="col">Identity</th><th scope="col">Region</th><th scope="col">Status</th><th scope="col">DKIM</th><th scope="col">MAIL FROM</th></tr></thead>
<tbody>
{% for entry in identities.entries %}
<tr><td>{{ entry.name }}</td><td>{{ entry.region }}</td><td>{{ level(entry.level) }} {{ entry.state }}</td><td>{{ entry.dkim }}</td><td>{{ entry.mail_from }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</section>
{% endif %}
</main>
</body>
</html>
"""
