using System.Buffers.Binary;
using System.Numerics;

namespace AgentGrid.Engine.Store;

/// <summary>CRC-32C (Castagnoli), which processors compute, of bytes that come one after the other.</summary>
public struct Crc32C
{
    private uint _crc = uint.MaxValue;

    /// <summary>Of no bytes yet.</summary>
    public Crc32C()
    {
    }

    /// <summary>The check of all that was added.</summary>
    public readonly uint Value => ~_crc;

    /// <summary>Adds bytes.</summary>
    public Crc32C Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            _crc = BitOperations.Crc32C(_crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }
        foreach (var b in bytes)
        {
            _crc = BitOperations.Crc32C(_crc, b);
        }
        return this;
    }

    /// <summary>Adds a number, as eight bytes in little-endian order.</summary>
    public Crc32C Add(long value)
    {
        _crc = BitOperations.Crc32C(_crc, (ulong)value);
        return this;
    }
}
