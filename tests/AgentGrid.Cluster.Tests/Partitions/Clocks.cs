namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>Clocks that are apart by minutes, where libfaketime is installed. What measures time (and not dates) goes on as it is.</summary>
internal static class Clocks
{
    public static string? Library { get; } = new[]
    {
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib64/faketime/libfaketimeMT.so.1",
    }.FirstOrDefault(File.Exists);

    /// <summary>By how many seconds a member's clock is ahead; null when it is right.</summary>
    public static int? OffsetOf(string member) => member switch
    {
        "s1" => 180,
        "s2" => -120,
        "api" => 60,
        _ => null,
    };
}
