using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>Where a member of a step's input comes from: an entry of its <c>with</c>.</summary>
public abstract record InputMember
{
    private InputMember()
    {
    }

    /// <summary>What it takes values from.</summary>
    public abstract IEnumerable<ValuePath> Paths { get; }

    /// <summary>Writes the value.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public abstract void Write(Utf8JsonWriter writer, Func<string, JsonElement?> root);

    /// <summary>What a path leads to.</summary>
    /// <param name="Otherwise">Where it leads nowhere, or to null; null for JSON null.</param>
    public sealed record At(ValuePath Path, Json? Otherwise = null) : InputMember
    {
        /// <inheritdoc/>
        public override IEnumerable<ValuePath> Paths => [Path];

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, Func<string, JsonElement?> root)
        {
            if (Path.Resolve(root) is { ValueKind: not JsonValueKind.Null } value)
            {
                value.WriteTo(writer);
                return;
            }
            (Otherwise ?? Json.Null).WriteTo(writer);
        }
    }

    /// <summary>A text with values in it.</summary>
    public sealed record Filled(TextTemplate Template) : InputMember
    {
        /// <inheritdoc/>
        public override IEnumerable<ValuePath> Paths => Template.Paths;

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, Func<string, JsonElement?> root) =>
            writer.WriteStringValue(Template.Fill(root));
    }
}
