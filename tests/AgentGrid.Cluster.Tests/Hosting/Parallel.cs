// They wait for processes and for timers as much as they work.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
