namespace AgentGrid.Core.Plans;

/// <summary>Writes a plan as canonical JSON, so that equal plans have equal text and one hash.</summary>
internal static class PlanWriter
{
    public static Json Write(Plan plan) => throw new NotImplementedException();

    public static string Hash(Json definition) => throw new NotImplementedException();
}
