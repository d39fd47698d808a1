"""The citizen's own pages, `/me`: who used my data, what is connected, what to stop, what to report.

`door` decides who may come in (a sign-in of at most half an hour, never a portal's leave) and what every page carries;
`usage` reads the history from the log, `export` makes files of it; `connections`, `reports` and `notices` are one page
each with what can be done there; `ending` ends everything a portal has from the person; `views` are what `pages` draws;
`endpoints` are the routes.
"""
