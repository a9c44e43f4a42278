using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Settings;

/// <summary>Reads <see cref="ArtifactOptions"/>.</summary>
public static class ArtifactSettings
{
    /// <summary>The name of the section below <c>AgentGrid</c>.</summary>
    public const string Section = "Artifacts";

    /// <summary>Everything in the section is understood or refused.</summary>
    public static void Read(SectionReader reader, ArtifactOptions options)
    {
        static string Of(string name) => $"{Section}:{name}";
        reader.CheckMembers(Section, [.. typeof(ArtifactOptions).GetProperties().Select(p => p.Name)]);
        options.Folder = reader.Text(Of(nameof(options.Folder)), options.Folder);
        options.ValuesFromBytes = (int)reader.Integer(Of(nameof(options.ValuesFromBytes)), options.ValuesFromBytes, 0, int.MaxValue);
        options.MaxBytes = reader.Integer(Of(nameof(options.MaxBytes)), options.MaxBytes, 1, long.MaxValue);
        options.MaxRunBytes = reader.Integer(Of(nameof(options.MaxRunBytes)), options.MaxRunBytes, 1, long.MaxValue);
        options.MinFreeBytes = reader.Integer(Of(nameof(options.MinFreeBytes)), options.MinFreeBytes, 0, long.MaxValue);
    }
}
