namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>What a cluster promises, looked for in a history. Pure: the same history has the same violations.</summary>
internal static class Checker
{
    public const string OneRunAKey = "one run a key";
    public const string OneResult = "a result recorded once";
    public const string InOrder = "commands linearizable";
    public const string WithinLimits = "limits";
    public const string RightDeadline = "attempts have the time of their timeout";
    public const string WholeFeed = "feed without gap or repetition";
    public const string EveryRunEnds = "every accepted run ends";

    public static IReadOnlyList<Violation> Check(History history) =>
    [
        .. CheckKeys(history), .. CheckResults(history), .. CheckCommands(history), .. LimitsChecker.Check(history),
        .. CheckDeadlines(history), .. CheckFeeds(history), .. CheckEnds(history),
    ];

    private static IEnumerable<Violation> CheckKeys(History history)
    {
        var posted = history.Posts.Where(p => p.Run is not null).Select(p => (p.Key, Run: p.Run!));
        var shown = history.Feeds.SelectMany(f => f).Select(e => (e.Key, e.Run));
        return
            from pair in posted.Concat(shown).Distinct()
            group pair.Run by pair.Key into runs
            where runs.Count() > 1
            select new Violation(OneRunAKey, $"{runs.Key} has the runs {string.Join(", ", runs)}");
    }

    private static IEnumerable<Violation> CheckResults(History history)
    {
        // One reader's feed is enough: that all see the same is another rule's.
        var ends = history.Feeds.Take(1).SelectMany(f => f).Where(e => e.EndsAttempt);
        var twice =
            from e in ends
            group e by (e.Run, e.Step, e.Attempt) into same
            where same.Count() > 1
            select new Violation(OneResult, $"{same.Key} has ended as {string.Join(", ", same.Select(e => $"{e.Seq} {e.Stage}"))}");

        var done = history.Invocations.Where(i => i.Done).Select(i => (i.Run, i.Step, i.Token)).ToHashSet();
        var recorded = history.Invocations.Select(i => (i.Run, i.Step)).ToHashSet();
        var read = history.Invocations.SelectMany(i => i.Seen.Select(s => (i.Run, Step: s.Key, Token: s.Value)))
            .Concat(history.Outputs.Select(o => (o.Run, o.Step, o.Token))).Distinct().ToArray();
        var several =
            from r in read
            group r.Token by (r.Run, r.Step) into tokens
            where tokens.Count() > 1
            select new Violation(OneResult, $"{tokens.Key} was read as {string.Join(", ", tokens)}");
        var invented =
            from r in read
            where recorded.Contains((r.Run, r.Step)) && !done.Contains(r)
            select new Violation(OneResult, $"{r} was read, and no agent has ended with it");
        return twice.Concat(several).Concat(invented);
    }

    private static IEnumerable<Violation> CheckCommands(History history)
    {
        var inOrder =
            from commands in history.Commands.GroupBy(c => c.Run)
            where !Linearizability.Holds(commands)
            select new Violation(
                InOrder, $"{commands.Key}\n  {string.Join("\n  ", commands.OrderBy(c => c.Begin))}");
        // What a step that waits has for its output is what somebody has sent.
        var sent = history.Commands.Where(c => c.Kind == CommandKind.Signal).ToLookup(c => c.Run);
        var outputs =
            from o in history.Outputs
            where o.Step == "wait" && sent[o.Run].FirstOrDefault(
                c => c.Answer is CommandAnswer.Changed or CommandAnswer.Unchanged) is { } answered && answered.Value != o.Token
            select new Violation(InOrder, $"{o.Run} took the signal {o.Token}, another was answered as taken");
        return inOrder.Concat(outputs);
    }

    // Whatever the clocks of machines say.
    private static IEnumerable<Violation> CheckDeadlines(History history) =>
        from i in history.Invocations
        where i.Left <= 0 || i.Left > history.Limits.Seconds
        select new Violation(RightDeadline, $"{i.Token} of {i.Run}/{i.Step} was told that it has {i.Left:0.0} s");

    private static IEnumerable<Violation> CheckFeeds(History history)
    {
        for (var reader = 0; reader < history.Feeds.Count; reader++)
        {
            var last = 0L;
            foreach (var e in history.Feeds[reader])
            {
                if (last != 0 && e.Seq != last + 1)
                {
                    yield return new Violation(WholeFeed, $"reader {reader} was shown {e.Seq} after {last}: {e}");
                }
                last = e.Seq;
            }
        }
        var different =
            from e in history.Feeds.SelectMany(f => f).Distinct()
            group e by e.Seq into same
            where same.Count() > 1
            select new Violation(WholeFeed, $"number {same.Key} is {string.Join(" and ", same)}");
        foreach (var violation in different)
        {
            yield return violation;
        }
    }

    private static IEnumerable<Violation> CheckEnds(History history)
    {
        var ended = history.Feeds.Take(1).SelectMany(f => f).Where(e => e.EndsRun).Select(e => e.Run).ToHashSet();
        foreach (var (run, status) in history.Ends)
        {
            if (status is not ("completed" or "failed" or "cancelled"))
            {
                yield return new Violation(EveryRunEnds, $"{run} is {status ?? "gone"}");
            }
            else if (!ended.Contains(run))
            {
                yield return new Violation(EveryRunEnds, $"{run} is {status}, and no feed has shown it");
            }
        }
    }
}
