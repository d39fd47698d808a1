"""Telling somebody else's address something later, surely and as nearly once as a wire allows: the queue of deliveries.

Whoever has something to tell stores a `Delivery` in the commit of the step it tells of, so that nothing is told that
did not happen and nothing that happened is left untold. It holds references, never a value of a citizen. A `Courier`
in every worker looks for what is due. Before a try the next one is booked, in one compare-and-swap: of two couriers one
goes, and a courier that is killed on the way leaves a try that is still to come. What is sent is written anew at each
try by the delivery's `Channel`, because tokens live for minutes and an address may have been corrected meanwhile.
`judge` decides what an answer means: taken, refused for good, or again later, until the delivery's own end.
"""
