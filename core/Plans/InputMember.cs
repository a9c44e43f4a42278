namespace AgentGrid.Core.Plans;

/// <summary>Where a member of a step's input comes from: an entry of its <c>with</c>.</summary>
public abstract record InputMember
{
    private InputMember()
    {
    }

    /// <summary>What it takes values from.</summary>
    public abstract IEnumerable<ValuePath> Paths { get; }

    /// <summary>The value.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public abstract Json Find(Func<string, Json?> root);

    /// <summary>What a path leads to.</summary>
    /// <param name="Otherwise">Where it leads nowhere, or to null; null for JSON null.</param>
    public sealed record At(ValuePath Path, Json? Otherwise = null) : InputMember
    {
        /// <inheritdoc/>
        public override IEnumerable<ValuePath> Paths => [Path];

        /// <inheritdoc/>
        public override Json Find(Func<string, Json?> root) =>
            Path.Find(root) is { IsNull: false } value ? value : Otherwise ?? Json.Null;
    }

    /// <summary>A text with values in it.</summary>
    public sealed record Filled(TextTemplate Template) : InputMember
    {
        /// <inheritdoc/>
        public override IEnumerable<ValuePath> Paths => Template.Paths;

        /// <inheritdoc/>
        public override Json Find(Func<string, Json?> root) => Json.From(Template.Fill(root));
    }
}
