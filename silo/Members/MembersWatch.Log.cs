namespace AgentGrid.Silo.Members;

internal sealed partial class MembersWatch
{
    [LoggerMessage(930, LogLevel.Warning,
        "The table of members in Redis ('{Table}') was {What}: somebody has deleted it, or Redis has come back " +
        "without its last writes. It is there again; {Rows} of {Of} rows were missing or too old")]
    private static partial void LogMended(ILogger logger, string table, string what, int rows, int of);

    [LoggerMessage(931, LogLevel.Debug, "'{Silo}' does not say whether it reaches Redis")]
    private static partial void LogUnheard(ILogger logger, Exception exception, string silo);

    [LoggerMessage(932, LogLevel.Warning,
        "Redis at {Redis} cannot be reached ({Problem}): runs wait. If another silo can reach it all the time, this one " +
        "ends")]
    private static partial void LogAway(ILogger logger, string redis, string problem);

    [LoggerMessage(933, LogLevel.Information, "Redis can be reached again, after {Seconds:0} s")]
    private static partial void LogBack(ILogger logger, double seconds);
}
