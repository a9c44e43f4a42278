namespace AgentGrid.Silo.Hosting;

/// <summary>
/// Who among the members says that he is alive, by what each has written into the table of members from one look to the
/// next. That somebody listens at a member's address says nothing: it can be a silo of another cluster, which has got
/// the port of a dead one.
/// </summary>
internal sealed class Heartbeats(TimeProvider time)
{
    private readonly Dictionary<SiloAddress, (DateTime Sign, long SeenAt, bool HasSpoken)> _last = [];

    /// <summary>Takes a look at a member.</summary>
    /// <returns>Whether it has given a sign since the first look, and for how long it has given none.</returns>
    public (bool HasSpoken, TimeSpan SilentFor) Of(MembershipEntry member)
    {
        var known = _last.TryGetValue(member.SiloAddress, out var last);
        if (!known || last.Sign != member.IAmAliveTime)
        {
            last = (member.IAmAliveTime, time.GetTimestamp(), HasSpoken: known);
            _last[member.SiloAddress] = last;
        }
        return (last.HasSpoken, time.GetElapsedTime(last.SeenAt));
    }
}
