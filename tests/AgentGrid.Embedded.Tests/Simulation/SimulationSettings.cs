namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>What a simulation may do. Whatever is not here comes from the seed.</summary>
internal sealed record SimulationSettings
{
    public required int Seed { get; init; }
    public Breakage Breakage { get; init; }
    public int Keys { get; init; }
    public int Actions { get; init; }
    public bool Kills { get; init; }
    public bool PowerFailures { get; init; }
    public bool DiskErrors { get; init; }
    public bool BadAgents { get; init; }
    public bool LargeOutputs { get; init; }
    public bool Cancels { get; init; }
    public bool Retries { get; init; }
    public bool Readers { get; init; }
    public bool Stops { get; init; }
    public bool ClockJumps { get; init; }
    public bool SmallLimits { get; init; }
    public bool ShortRetention { get; init; }
    public bool Mistakes { get; init; }

    /// <summary>Nearly all values lie beside the journal.</summary>
    public bool StoresValues { get; init; }

    /// <summary>There is an attempt that ends its process, whenever it is delivered.</summary>
    public bool Poison { get; init; }

    public static SimulationSettings Of(int seed, Breakage breakage = Breakage.None)
    {
        var random = new Random(seed);
        bool Chance(int percent) => random.Next(100) < percent;
        return new SimulationSettings
        {
            Seed = seed,
            Breakage = breakage,
            Keys = random.Next(1, 7),
            Actions = random.Next(50, 400),
            Kills = Chance(70),
            PowerFailures = Chance(70),
            DiskErrors = Chance(50),
            BadAgents = Chance(80),
            LargeOutputs = Chance(1),
            Cancels = Chance(50),
            Retries = Chance(50),
            Readers = Chance(80),
            Stops = Chance(40),
            ClockJumps = Chance(20),
            SmallLimits = Chance(30),
            ShortRetention = Chance(15),
            Mistakes = Chance(25),
            Poison = Chance(30),
            StoresValues = Chance(40),
        };
    }

    /// <summary>The same with less in it, each of which may still fail.</summary>
    public IEnumerable<SimulationSettings> Smaller()
    {
        SimulationSettings[] candidates =
        [
            this with { DiskErrors = false }, this with { Stops = false }, this with { ClockJumps = false },
            this with { BadAgents = false }, this with { LargeOutputs = false }, this with { Retries = false },
            this with { Cancels = false }, this with { SmallLimits = false }, this with { ShortRetention = false },
            this with { Mistakes = false }, this with { Poison = false }, this with { StoresValues = false }, this with { Readers = false }, this with { PowerFailures = false }, this with { Kills = false },
            this with { Keys = 1 }, this with { Keys = Math.Min(Keys, 2) }, this with { Actions = Actions / 2 },
            this with { Actions = Actions * 3 / 4 },
        ];
        return candidates.Where(c => c != this);
    }
}

/// <summary>The ways in which an engine is broken on purpose, to see that it is noticed.</summary>
internal enum Breakage
{
    None,

    /// <summary>A feed shows events before they are committed.</summary>
    PublishesBeforeCommit,

    /// <summary>Clients are told before the commit.</summary>
    AcknowledgesBeforeCommit,

    /// <summary>Commits do not wait for the disk.</summary>
    DoesNotSync,

    /// <summary>The disk says that it has synced, and has not.</summary>
    DiskLies,

    /// <summary>Now and then a turn is not written.</summary>
    LosesTurns,

    /// <summary>Now and then a turn is written twice.</summary>
    WritesTurnsTwice,

    /// <summary>Slots of invocations that were running when the process died stay taken.</summary>
    ForgetsSlotsOnCrash,

    /// <summary>The slot of an agent that ignores its cancellation stays taken.</summary>
    ForgetsSlotsOnAbandon,

    /// <summary>A slot is given back while its agent still runs.</summary>
    FreesSlotsEarly,

    /// <summary>Attempts whose process has died again and again are not kept apart.</summary>
    KeepsNobodyApart,

    /// <summary>That a run has given up its key is not written.</summary>
    ForgetsSupersessions,

    /// <summary>Values that lie beside the journal are on disk later than what refers to them.</summary>
    StoresValuesLate,
}
