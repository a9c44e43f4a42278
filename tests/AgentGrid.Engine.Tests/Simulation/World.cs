using System.Globalization;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>
/// Chance, time and the network between the parts of a simulated cluster: what is sent arrives in any order, late, or
/// not at all, as the seed says.
/// </summary>
internal sealed class World(int seed, Mistake mistake)
{
    private readonly List<Flight> _flights = [];
    private readonly List<string> _history = [];

    public Random Random { get; } = new(seed);
    public SimulatedClock Clock { get; } = new();
    public Mistake Mistake { get; } = mistake;
    public IReadOnlyList<string> History => _history;

    /// <summary>From now on all that is sent arrives.</summary>
    public bool IsHealed => HealedAt is not null;

    /// <summary>Since when it does; null while it does not.</summary>
    public DateTimeOffset? HealedAt { get; private set; }

    /// <summary>The first promise that was broken; null while all are kept.</summary>
    public string? Broken { get; private set; }

    public bool HasFlights => _flights.Exists(static f => !f.To.IsFrozen);
    public DateTimeOffset Now => Clock.WallTime;
    public int Lost { get; private set; }

    /// <summary>How many backups were given a slot.</summary>
    public int Backups { get; set; }

    /// <summary>How many attempts were given a slot while their agent failed on another node.</summary>
    public int Spared { get; set; }

    /// <summary>How many were given one on a node that their step prefers.</summary>
    public int Preferred { get; set; }

    /// <summary>How many decisions were made by who makes it in time.</summary>
    public int InTime { get; set; }

    public bool Chance(int percent) => Random.Next(100) < percent;

    /// <summary>A mistake that is planted happens now and then.</summary>
    public bool Errs(Mistake mistake) => Mistake == mistake && Random.Next(4) == 0;

    public void Note(string what) =>
        _history.Add(string.Create(CultureInfo.InvariantCulture, $"{Clock.Now.TotalSeconds,9:0.000}  {what}"));

    public void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            Broken ??= otherwise;
        }
    }

    /// <summary>All has been well for so long, and for so long before a moment.</summary>
    public bool WasWellFor(TimeSpan time, DateTimeOffset since) => HealedAt is { } at && since > at && Now - since > time;

    public void Heal() => HealedAt = Now;

    // Whoever gives up must go on to lose something, else it would not be seen for long.
    private bool Loses => !IsHealed || Mistake is Mistake.GivesUpCalls or Mistake.GivesUpSlots;

    /// <param name="to">Who gets it: nobody, when that is dead by then.</param>
    /// <param name="deliver">What it does there.</param>
    /// <param name="lost">What whoever sent it does when it seems to be lost; null when nobody minds.</param>
    public void Send(string what, Place to, Action deliver, Action? lost = null) =>
        _flights.Add(new Flight(what, to, deliver, lost));

    /// <summary>Something that is under way arrives, or seems to be lost; or is, and arrives all the same later.</summary>
    public bool Arrive()
    {
        var ready = _flights.Where(static f => !f.To.IsFrozen).ToList();
        if (ready.Count == 0)
        {
            return false;
        }
        var flight = ready[Random.Next(ready.Count)];
        _flights.Remove(flight);
        if (flight.To.IsDead)
        {
            flight.Lost?.Invoke();
            return true;
        }
        if (Loses && Chance(8))
        {
            Lost++;
            Note($"lost: {flight.What}");
            if (Chance(50))
            {
                _flights.Add(flight with { Lost = null });
            }
            flight.Lost?.Invoke();
            return true;
        }
        flight.Deliver();
        return true;
    }

    private sealed record Flight(string What, Place To, Action Deliver, Action? Lost);
}

/// <summary>Something that can be reached, as long as it is there.</summary>
internal class Place(string name)
{
    public string Name { get; } = name;
    public bool IsDead { get; set; }

    /// <summary>It does not answer for now.</summary>
    public bool IsFrozen { get; set; }
}

/// <summary>What is wrong with a cluster on purpose, to see that it is noticed.</summary>
internal enum Mistake
{
    None,

    /// <summary>The store does not look at whether a key is taken.</summary>
    IgnoresKeys,

    /// <summary>The store does not look at who has the key that a run is to have in the place of another.</summary>
    SupersedesAnybody,

    /// <summary>A client is told that its run is accepted while that is under way.</summary>
    AcceptsBeforeItIsKept,

    /// <summary>The store does not look at the version that a driver has seen.</summary>
    IgnoresVersions,

    /// <summary>The store says that it has kept a turn, and has not.</summary>
    LosesTurns,

    /// <summary>A turn whose answer was lost is written again.</summary>
    WritesTurnsTwice,

    /// <summary>A driver is told that its turn is kept while it is under way.</summary>
    AnswersBeforeItIsKept,

    /// <summary>A driver whose turn came too late is told that it is kept.</summary>
    TakesConflictsForKept,

    /// <summary>A turn whose answer was lost is not tried again.</summary>
    GivesUpTurns,

    /// <summary>A run is read without its last turn.</summary>
    ReadsOldTurns,

    /// <summary>A slot that is not wanted any more is not given back.</summary>
    ForgetsReleases,

    /// <summary>A slot is not asked for again when the answer was lost.</summary>
    GivesUpSlots,

    /// <summary>Whoever asks under a key gets what was granted under it, for whatever agent.</summary>
    MixesUpAgents,

    /// <summary>Runs of a group are started, however many there are.</summary>
    CountsNobody,

    /// <summary>When the dispatcher moves, it is not known any more which runs of a group were told to start.</summary>
    ForgetsWhatMayStart,

    /// <summary>Whoever retries a run takes the retry of another for its own.</summary>
    TakesRetriesOfOthers,

    /// <summary>A run that has ended keeps its place.</summary>
    ForgetsPlaces,

    /// <summary>Agents are not told that nobody waits for them any more.</summary>
    ForgetsCancellations,

    /// <summary>Children are not told that nobody waits for them any more.</summary>
    ForgetsChildren,

    /// <summary>A call whose answer was lost is not asked about again.</summary>
    GivesUpCalls,

    /// <summary>A run whose driver has died is not taken up by anybody.</summary>
    ForgetsRuns,

    /// <summary>Nobody tells webhooks what a run owes them whose process is dead.</summary>
    ForgetsWebhooks,

    /// <summary>Attempts whose nodes have died again and again are not kept apart.</summary>
    KeepsNobodyApart,

    /// <summary>Backups are given slots, whatever their budgets say.</summary>
    IgnoresBudgets,

    /// <summary>Backups may have a GPU for as long as they like.</summary>
    CountsNoGpuSeconds,

    /// <summary>A backup that is given no slot is not told so.</summary>
    ForgetsRefusals,

    /// <summary>An agent is asked on nodes on which it fails, though there are others.</summary>
    AsksNodesThatFail,

    /// <summary>What nodes a step prefers is not looked at.</summary>
    ForgetsLabels,

    /// <summary>How long agents take is not known where it is decided who is asked.</summary>
    ForgetsDurations,

    /// <summary>Backups are asked beside attempts whose agent starts cold.</summary>
    HedgesColdStarts,
}
