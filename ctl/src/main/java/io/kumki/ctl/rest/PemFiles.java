package io.kumki.ctl.rest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Certificates and private keys in PEM files, as OpenSSL and etcd's tools write them. */
final class PemFiles {

    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN ((?:RSA |ENCRYPTED )?PRIVATE KEY)-----(.*?)-----END \\1-----",
                    Pattern.DOTALL);

    /** Version 0 and the algorithm rsaEncryption: what PKCS#8 has before a bare RSA key. */
    private static final byte[] RSA_HEADER =
            HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private PemFiles() {}

    static List<X509Certificate> certificates(String file)
            throws IOException, CertificateException {
        byte[] bytes = Files.readAllBytes(Path.of(file));
        List<X509Certificate> certificates = new ArrayList<>();
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        for (Certificate certificate :
                factory.generateCertificates(new ByteArrayInputStream(onlyCertificates(bytes)))) {
            if (certificate instanceof X509Certificate x509) {
                certificates.add(x509);
            }
        }
        if (certificates.isEmpty()) {
            throw new CertificateException(file + " holds no certificate");
        }
        return certificates;
    }

    /** The factory stumbles over keys that stand in the same file. */
    private static byte[] onlyCertificates(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        return KEY.matcher(text).replaceAll("").getBytes(StandardCharsets.ISO_8859_1);
    }

    static PrivateKey privateKey(String file, Optional<String> password)
            throws IOException, GeneralSecurityException {
        Matcher matcher = KEY.matcher(Files.readString(Path.of(file), StandardCharsets.ISO_8859_1));
        if (!matcher.find() || matcher.group(2).contains("Proc-Type")) {
            throw new InvalidKeyException(
                    file
                            + " holds no private key in a form that can be read; write it anew with"
                            + " \"openssl pkcs8 -topk8 -in KEY\"");
        }
        byte[] der = Base64.getMimeDecoder().decode(matcher.group(2));
        return switch (matcher.group(1)) {
            case "RSA PRIVATE KEY" -> key(file, new PKCS8EncodedKeySpec(wrapRsa(der)));
            case "ENCRYPTED PRIVATE KEY" -> key(file, decrypt(file, der, password));
            default -> key(file, new PKCS8EncodedKeySpec(der));
        };
    }

    private static PrivateKey key(String file, PKCS8EncodedKeySpec spec)
            throws GeneralSecurityException {
        GeneralSecurityException last = new InvalidKeyException(file + " holds no usable key");
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (GeneralSecurityException e) {
                last = e; // the next algorithm is tried
            }
        }
        throw new InvalidKeyException(file + " holds no RSA, EC or EdDSA key", last);
    }

    private static PKCS8EncodedKeySpec decrypt(String file, byte[] der, Optional<String> password)
            throws GeneralSecurityException, IOException {
        if (password.isEmpty()) {
            throw new InvalidKeyException(file + " is encrypted: set ctl.keyfile_password");
        }
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(der);
        // for PBES2 the name that names the functions stands in the parameters
        String algorithm =
                info.getAlgName().equals("PBES2") || info.getAlgName().startsWith("1.")
                        ? info.getAlgParameters().toString()
                        : info.getAlgName();
        SecretKey secret =
                SecretKeyFactory.getInstance(algorithm)
                        .generateSecret(new PBEKeySpec(password.get().toCharArray()));
        Cipher cipher = Cipher.getInstance(algorithm);
        cipher.init(Cipher.DECRYPT_MODE, secret, info.getAlgParameters());
        return info.getKeySpec(cipher);
    }

    private static byte[] wrapRsa(byte[] key) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.write(RSA_HEADER);
        writeElement(content, 0x04, key);
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        writeElement(whole, 0x30, content.toByteArray());
        return whole.toByteArray();
    }

    private static void writeElement(ByteArrayOutputStream out, int tag, byte[] content)
            throws IOException {
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else if (content.length < 0x100) {
            out.write(0x81);
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length & 0xFF);
        }
        out.write(content);
    }
}
